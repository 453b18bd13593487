render_test(
  span_exporter_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/span_exporter_test.cpp
  DEPENDS render_fakes render_span_exporter)
