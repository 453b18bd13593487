render_test(
  job_params_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_params_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/web_url_test.cpp
  DEPENDS render_records)
