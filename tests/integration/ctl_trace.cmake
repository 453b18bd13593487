render_test(
  ctl_trace_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ctl_trace_test.cpp
  DEPENDS render_small_world render_simulator
  TIMEOUT 120)
add_dependencies(ctl_trace_test c3ctl)
