render_test(
  root_policy_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/root_policy_test.cpp
  DEPENDS render_root_policy)
