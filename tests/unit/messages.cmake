render_test(
  messages_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/messages_test.cpp
  DEPENDS render_messages)

render_test(
  json_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/json_test.cpp
  DEPENDS render_messages)
