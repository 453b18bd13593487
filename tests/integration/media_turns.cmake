render_test(
  media_turns_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/media_turns_test.cpp
  DEPENDS render_media opencv_imgcodecs)
add_dependencies(media_turns_test c3-decode c3-identify)
