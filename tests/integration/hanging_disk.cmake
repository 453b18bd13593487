# Loaded into the worker in place of some of the C library's calls.
add_library(hanging_disk MODULE
            ${PROJECT_SOURCE_DIR}/tests/support/hanging_disk.cpp)
target_link_libraries(hanging_disk PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(hanging_disk PROPERTIES LIBRARY_OUTPUT_DIRECTORY
                                              "${PROJECT_BINARY_DIR}/tests")

render_test(
  hanging_disk_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/hanging_disk_test.cpp
  DEPENDS render_small_world
  TIMEOUT 300)
target_compile_definitions(
  hanging_disk_test PRIVATE HANGING_DISK="$<TARGET_FILE:hanging_disk>")
add_dependencies(hanging_disk_test hanging_disk c3-render-worker c3-local-cloud)
