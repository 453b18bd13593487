render_test(
  portrait_plan_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/portrait_plan_test.cpp
  DEPENDS render_plans)
