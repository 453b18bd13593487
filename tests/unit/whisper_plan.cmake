render_test(
  whisper_plan_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/whisper_plan_test.cpp
  DEPENDS render_plans)
