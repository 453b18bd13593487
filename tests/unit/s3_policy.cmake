render_test(
  s3_policy_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/s3_policy_test.cpp
  DEPENDS render_s3_policy)
