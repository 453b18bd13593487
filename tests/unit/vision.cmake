render_test(
  vision_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/vision_test.cpp
  DEPENDS render_plans)
