# The worker as it is, but for one part.
add_executable(
  worker_with_a_dying_part
  "${PROJECT_SOURCE_DIR}/app/worker/main.cpp"
  ${CMAKE_CURRENT_LIST_DIR}/dying_part.cpp)
target_link_libraries(
  worker_with_a_dying_part
  PRIVATE render_worker_parts render_options CAF::core)
target_precompile_headers(worker_with_a_dying_part REUSE_FROM render_pch)
set_target_properties(
  worker_with_a_dying_part PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                      "${PROJECT_BINARY_DIR}/tests")

render_test(
  part_death_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/part_death_test.cpp
  DEPENDS render_small_world
  TIMEOUT 120)
target_compile_definitions(
  part_death_test
  PRIVATE DYING_WORKER="$<TARGET_FILE:worker_with_a_dying_part>")
add_dependencies(part_death_test worker_with_a_dying_part c3-local-cloud)
