render_test(
  gpu_ledger_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gpu_ledger_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpus_given_test.cpp
  DEPENDS render_job_store hiredis
  TIMEOUT 60)
