render_test(
  machine_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/machine_test.cpp
  DEPENDS render_machine)
