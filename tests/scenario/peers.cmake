render_test(
  peers_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/peers_test.cpp
  DEPENDS render_fakes render_peers)
