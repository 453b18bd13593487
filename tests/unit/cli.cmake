render_test(
  cli_pages_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_pages_test.cpp
  DEPENDS render_cli)
