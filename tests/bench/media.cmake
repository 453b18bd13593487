render_program(
  c3-bench-media
  SOURCES media_work.cpp
  DEPENDS render_media_work opencv_core opencv_imgproc opencv_imgcodecs)
add_dependencies(c3-bench-media c3-decode c3-identify)
