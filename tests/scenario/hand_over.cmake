render_test(
  hand_over_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/hand_over_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shared_list_test.cpp
  DEPENDS render_harness)
