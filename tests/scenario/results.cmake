render_test(
  results_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/results_test.cpp
  DEPENDS render_fakes render_object_store)
