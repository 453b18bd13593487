render_test(
  local_cloud_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/local_cloud_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/local_cloud_faults_test.cpp
  DEPENDS render_records hiredis PkgConfig::HTTPLIB OpenSSL::Crypto OpenSSL::SSL Threads::Threads
  TIMEOUT 180)
target_compile_definitions(
  local_cloud_test
  PRIVATE PROGRAM_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
          WORKFLOW_FILE="${PROJECT_SOURCE_DIR}/deploy/workflows/portrait.json")
add_dependencies(local_cloud_test c3-local-cloud)
