# Toolchain file: Cortex-M0.
set(LINNET_CPU cortex-m0)
include("${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake")
