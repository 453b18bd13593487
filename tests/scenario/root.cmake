render_test(
  root_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/root_test.cpp
  DEPENDS render_harness)
