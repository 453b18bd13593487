render_test(
  input_look_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/input_look_test.cpp
  DEPENDS render_input_look_choice)
