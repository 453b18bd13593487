render_test(
  csm_plan_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/csm_plan_test.cpp
  DEPENDS render_plans)
