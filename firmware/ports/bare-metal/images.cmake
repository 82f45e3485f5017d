# Images for boards without an operating system. What depends on the core comes from the folder
# cortex-m or riscv.
set(bare_metal_folder "${CMAKE_CURRENT_LIST_DIR}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^cortex-m")
    set(core_folder "${bare_metal_folder}/../cortex-m")
    set(core_sources "${core_folder}/startup.c" "${core_folder}/memory.c")
else()
    set(core_folder "${bare_metal_folder}/../riscv")
    set(core_sources "${core_folder}/startup.c")
endif()

# add_bare_metal_image(NAME SCRIPT SOURCES…): an image NAME.elf with its map, linked by SCRIPT of the
# calling port.
function(add_bare_metal_image name script)
    add_executable(${name} ${ARGN} "${bare_metal_folder}/start.c" ${core_sources})
    # Nothing in memory.c may become a call of memory.c.
    set_source_files_properties("${core_folder}/memory.c" PROPERTIES COMPILE_OPTIONS
        "-fno-builtin;-fno-tree-loop-distribute-patterns")
    set(script "${CMAKE_CURRENT_SOURCE_DIR}/${script}")
    set_target_properties(${name} PROPERTIES
        SUFFIX .elf
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}"
        LINK_DEPENDS "${script};${bare_metal_folder}/sections.ld")
    target_include_directories(${name} PRIVATE "${bare_metal_folder}" "${core_folder}")
    target_compile_options(${name} PRIVATE -Wall -Wextra -Werror -Wconversion)
    target_link_options(${name} PRIVATE
        "-L${bare_metal_folder}" "-T${script}" "-Wl,-Map=${CMAKE_BINARY_DIR}/${name}.map")
endfunction()

# add_cortex_m_node(NAME SCRIPT SOURCES…): an image of a node; the sources are those of the board.
function(add_cortex_m_node name script)
    add_bare_metal_image(${name} ${script} ${ARGN}
        "${core_folder}/node_main.c" "${core_folder}/reset_reason.c")
    target_link_libraries(${name} PRIVATE linnet)
    target_include_directories(${name} PRIVATE "${core_folder}/../../src")
endfunction()

# add_vector_runner(SCRIPT DEFINITIONS…): an image vector_runner.elf. On a Cortex-M RUNNER_CLOCK_HZ is
# the clock of the processor.
function(add_vector_runner script)
    set(tools "${bare_metal_folder}/../../tools")
    add_bare_metal_image(vector_runner ${script}
        "${bare_metal_folder}/runner_semihosting.c" "${bare_metal_folder}/semihosting.c"
        "${core_folder}/runner_core.c" "${tools}/vector_runner.c")
    target_link_libraries(vector_runner PRIVATE linnet_kernel)
    target_include_directories(vector_runner PRIVATE "${tools}" "${tools}/../src")
    target_compile_definitions(vector_runner PRIVATE ${ARGN})
endfunction()
