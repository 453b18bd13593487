render_test(
  fleet_api_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fleet_api_test.cpp
  DEPENDS render_web_api hiredis
  TIMEOUT 120)
