render_test(
  redis_tls_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_tls_test.cpp
  DEPENDS render_redis_loop hiredis
  TIMEOUT 120)
