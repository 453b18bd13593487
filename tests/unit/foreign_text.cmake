render_test(
  foreign_text_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/foreign_text_test.cpp
  DEPENDS render_outcome render_config)

render_test(
  public_error_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/public_error_test.cpp
  DEPENDS render_records)
