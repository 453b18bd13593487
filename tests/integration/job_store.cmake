render_test(
  job_store_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_store_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_faults_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_queue_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_counts_test.cpp
  DEPENDS render_job_store hiredis
  TIMEOUT 120)
render_test(
  job_store_loss_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_store_loss_test.cpp
  DEPENDS render_job_store render_journal hiredis
  TIMEOUT 120)
