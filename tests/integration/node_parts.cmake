render_test(
  node_parts_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/node_parts_test.cpp
  DEPENDS render_node hiredis
  TIMEOUT 180)
