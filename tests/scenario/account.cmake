render_test(
  account_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/account_test.cpp
  DEPENDS render_fakes render_account)
