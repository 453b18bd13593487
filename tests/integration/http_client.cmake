render_test(
  http_client_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/http_client_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/http_client_answers_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/http_client_disk_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/http_client_tls_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/http_client_scarce_test.cpp
  DEPENDS render_curl_loop PkgConfig::HTTPLIB
  TIMEOUT 120)
