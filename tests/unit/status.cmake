render_test(
  status_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/metrics_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/status_test.cpp
  DEPENDS render_status PkgConfig::HTTPLIB OpenSSL::SSL Threads::Threads)

render_test(
  status_address_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/status_address_test.cpp
  DEPENDS render_status_address)
