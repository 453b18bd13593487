render_test(
  ctl_ledger_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ctl_ledger_test.cpp
  DEPENDS render_small_world
  TIMEOUT 120)
add_dependencies(ctl_ledger_test c3ctl)
