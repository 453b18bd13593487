render_test(
  http_classify_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_classify_test.cpp
  DEPENDS render_curl_loop)
