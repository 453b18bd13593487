render_test(
  image_header_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/image_header_test.cpp
  DEPENDS render_image_header)
