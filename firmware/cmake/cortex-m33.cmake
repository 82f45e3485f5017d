# Toolchain file: Cortex-M33.
set(LINNET_CPU cortex-m33)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
