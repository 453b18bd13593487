render_test(
  ctl_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ctl_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_ended_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_submit_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_why_test.cpp
  DEPENDS render_small_world render_webhook_policy
  TIMEOUT 120)
add_dependencies(ctl_test c3ctl)
