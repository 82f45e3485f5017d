# add_cortex_m_image(NAME SCRIPT SOURCES…): an image NAME.elf with its map, linked by SCRIPT of the
# calling port.
set(cortex_m_folder "${CMAKE_CURRENT_LIST_DIR}")

function(add_cortex_m_image name script)
    add_executable(${name} ${ARGN} "${cortex_m_folder}/startup.c")
    set(script "${CMAKE_CURRENT_SOURCE_DIR}/${script}")
    set_target_properties(${name} PROPERTIES
        SUFFIX .elf
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}"
        LINK_DEPENDS "${script};${cortex_m_folder}/sections.ld")
    target_include_directories(${name} PRIVATE "${cortex_m_folder}")
    target_compile_options(${name} PRIVATE -Wall -Wextra -Werror -Wconversion)
    target_link_options(${name} PRIVATE
        "-L${cortex_m_folder}" "-T${script}" "-Wl,-Map=${CMAKE_BINARY_DIR}/${name}.map")
endfunction()

# add_cortex_m_node(NAME SCRIPT SOURCES…): an image of a node; the sources are those of the board.
function(add_cortex_m_node name script)
    add_cortex_m_image(${name} ${script} ${ARGN}
        "${cortex_m_folder}/node_main.c" "${cortex_m_folder}/reset_reason.c")
    target_link_libraries(${name} PRIVATE linnet)
endfunction()
