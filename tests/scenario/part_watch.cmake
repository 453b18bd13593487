render_test(
  part_watch_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/part_watch_test.cpp
  DEPENDS render_harness)
