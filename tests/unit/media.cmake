render_test(
  media_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/media_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/media_programs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/picture_formats_test.cpp
  DEPENDS render_media_work render_pictures opencv_imgcodecs)
add_dependencies(media_test c3-decode c3-identify)

render_test(
  box_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/box_test.cpp
  DEPENDS render_media_work opencv_imgcodecs)
add_dependencies(box_test c3-decode c3-identify)
