render_test(
  web_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/web_access_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_job_json_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_legacy_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_multipart_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_router_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_submission_test.cpp
  DEPENDS render_web_settings)
target_compile_definitions(web_test PRIVATE PROJECT_DIR="${PROJECT_SOURCE_DIR}")
