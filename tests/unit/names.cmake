render_test(
  job_id_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_id_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ids_test.cpp
  DEPENDS render_records)

render_test(
  files_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/files_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/work_folders_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/kept_results_test.cpp
  DEPENDS render_work_folders render_kept_results)

render_test(
  log_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/line_queue_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/log_test.cpp
  DEPENDS render_log)

render_test(
  download_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/download_test.cpp
  DEPENDS render_ctl)
