render_test(
  renderer_run_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/renderer_run_test.cpp
  DEPENDS render_renderer)
