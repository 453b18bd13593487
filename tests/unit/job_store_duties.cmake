render_test(
  job_store_duties_test
  LABEL unit
  PURE
  OPTIMIZED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_store_duties_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_heartbeat_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_hand_over_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_play_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_told_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_watch_test.cpp
  DEPENDS render_job_store_duties render_memory_redis
  TIMEOUT 180)
render_test(
  told_attempts_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/told_attempts_test.cpp
  DEPENDS render_job_store_duties)
