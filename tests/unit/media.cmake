render_test(
  media_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/media_test.cpp
  DEPENDS render_media_work opencv_imgcodecs)
