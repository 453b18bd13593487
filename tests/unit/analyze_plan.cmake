render_test(
  analyze_plan_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/analyze_plan_test.cpp
  DEPENDS render_plans)
