render_test(
  inputs_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/inputs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/inputs_only_test.cpp
  DEPENDS render_plans)
