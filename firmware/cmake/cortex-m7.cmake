# Toolchain file: Cortex-M7.
set(LINNET_CPU cortex-m7)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
