render_test(
  sigv4_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/sigv4_test.cpp
  DEPENDS render_s3_policy)
