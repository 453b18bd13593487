render_test(
  record_versions_test
  LABEL integration
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/record_versions_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rolling_upgrade_test.cpp
  DEPENDS render_job_store hiredis
  TIMEOUT 120)
target_compile_definitions(
  record_versions_test PRIVATE RECORDS_DIR="${CMAKE_CURRENT_LIST_DIR}/records")
