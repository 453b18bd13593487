render_test(
  status_floods_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/status_floods_test.cpp
  DEPENDS render_status hiredis
  TIMEOUT 120)
