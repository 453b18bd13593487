# Tests that run the programs as a user does, each in a world of its own.
foreach(name end_to_end bad_input cloud_faults unfit worker_cli)
  render_test(
    ${name}_test
    LABEL integration
    PURE
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name}_test.cpp
    DEPENDS render_small_world
    TIMEOUT 300)
  add_dependencies(${name}_test c3-render-worker c3-local-cloud)
endforeach()
