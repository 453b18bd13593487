render_test(
  web_service_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/web_guards_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_service_test.cpp
  DEPENDS render_web_settings hiredis
  TIMEOUT 120)
