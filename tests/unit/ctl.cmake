render_test(
  ctl_text_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ctl_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_diagnosis_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_ended_text_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ctl_workers_test.cpp
  DEPENDS render_ctl)
