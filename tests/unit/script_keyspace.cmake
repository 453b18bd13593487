render_test(
  script_keyspace_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/script_keyspace_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/script_keyspace_gpus_test.cpp
  DEPENDS render_memory_redis render_job_store_codec render_redis_loop)
