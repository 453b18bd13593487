render_test(
  acting_as_one_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/acting_as_one_test.cpp
  DEPENDS render_harness)
render_test(
  hand_over_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/burst_launches_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/hand_over_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/shared_list_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/wishes_test.cpp
  DEPENDS render_harness)
