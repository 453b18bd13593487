render_test(
  websocket_loop_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/websocket_loop_test.cpp
  DEPENDS render_websocket_loop)
