render_test(
  cluster_life_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cluster_life_test.cpp
  DEPENDS render_small_world
  TIMEOUT 240)
add_dependencies(cluster_life_test c3-render-worker)

render_test(
  cluster_net_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cluster_net_test.cpp
  DEPENDS render_small_world
  TIMEOUT 240)
add_dependencies(cluster_net_test c3-render-worker)
set_tests_properties(cluster_net_test PROPERTIES SKIP_REGULAR_EXPRESSION
                                                 "skipped: no network namespaces")
