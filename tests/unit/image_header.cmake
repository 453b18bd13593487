render_test(
  image_header_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/image_header_test.cpp
  DEPENDS render_media_headers)

render_test(
  audio_probe_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/audio_probe_test.cpp
  DEPENDS render_media_headers)
