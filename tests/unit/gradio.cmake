render_test(
  gradio_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gradio_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gradio_stream_test.cpp
  DEPENDS render_plans)
