render_test(
  span_exporter_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/span_exporter_test.cpp
  DEPENDS render_fakes render_span_exporter)

render_test(
  traced_jobs_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/traced_jobs_test.cpp
  DEPENDS render_virtual_worker)
