render_test(
  webhook_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/webhook_test.cpp
  DEPENDS render_fakes render_webhook)
