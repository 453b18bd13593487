render_test(
  memory_redis_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/memory_redis_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/memory_redis_scripts_test.cpp
  DEPENDS render_memory_redis render_job_store_codec render_redis_loop hiredis
  TIMEOUT 120)
