# The wasm3 interpreter as an object library `linnet_wasm3`.
#
# LINNET_WASM3_DIR     folder with m3_*.c and wasm3.h
# LINNET_WASM3_SOURCE  where they came from, as HELLO reports it

set(LINNET_WASM3_DIR
    "${CMAKE_CURRENT_SOURCE_DIR}/../node_modules/react-native-webassembly/cpp"
    CACHE PATH "Folder of the wasm3 sources")
set(LINNET_WASM3_SOURCE "LINNET_WASM3_DIR" CACHE STRING "Where the wasm3 sources came from")

if(NOT EXISTS "${LINNET_WASM3_DIR}/wasm3.h")
    message(FATAL_ERROR "No wasm3 sources in ${LINNET_WASM3_DIR}: set LINNET_WASM3_DIR")
endif()

file(GLOB wasm3_sources CONFIGURE_DEPENDS "${LINNET_WASM3_DIR}/m3_*.c")
list(FILTER wasm3_sources EXCLUDE REGEX "/m3_api_[^/]*$")
file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/wasm3.definitions" wasm3_definitions REGEX "^[^#]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS wasm3.definitions)

option(LINNET_SMALL "Everything in 16 KB of RAM: a planned model only, slow calls" OFF)
if(LINNET_SMALL)
    file(STRINGS "${CMAKE_CURRENT_SOURCE_DIR}/wasm3.small.definitions" small REGEX "^[^#]")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS wasm3.small.definitions)
    foreach(definition ${small})
        string(REGEX REPLACE "=.*" "" name "${definition}")
        list(FILTER wasm3_definitions EXCLUDE REGEX "^${name}=")
    endforeach()
    list(APPEND wasm3_definitions ${small})
endif()

add_library(linnet_wasm3 OBJECT ${wasm3_sources})
target_include_directories(linnet_wasm3 SYSTEM PUBLIC "${LINNET_WASM3_DIR}")
target_compile_definitions(linnet_wasm3 PUBLIC ${wasm3_definitions})
# Operations of the interpreter end in calls that must become jumps, or every one would deepen the
# stack; the optimisation levels from -O2 and -Os on do that.
target_compile_options(linnet_wasm3 PRIVATE -w -Os -fomit-frame-pointer)

# Thumb-1 has no such jumps.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "cortex-m0")
    set(trampoline "${CMAKE_CURRENT_SOURCE_DIR}/engine/trampoline")
    target_sources(linnet_wasm3 PRIVATE "${trampoline}.c")
    # The sources that run operations.
    set_source_files_properties("${LINNET_WASM3_DIR}/m3_compile.c" "${LINNET_WASM3_DIR}/m3_env.c"
        "${LINNET_WASM3_DIR}/m3_exec.c" PROPERTIES COMPILE_OPTIONS "-include;${trampoline}.h")
endif()

# Registers that the engine does not preserve, where the compiler and its calling convention are known;
# engine/guard.S has what follows from it. About a tenth of the instructions of interpreted code.
set(LINNET_ENGINE_OPTIONS "")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^cortex-m(3|4|7|33)$")
    set(LINNET_ENGINE_OPTIONS -fcall-used-r4 -fcall-used-r5 -fcall-used-r6)
    target_compile_options(linnet_wasm3 PRIVATE ${LINNET_ENGINE_OPTIONS})
endif()
