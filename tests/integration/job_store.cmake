render_test(
  job_store_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_store_test.cpp
  DEPENDS render_job_store hiredis
  TIMEOUT 120)
