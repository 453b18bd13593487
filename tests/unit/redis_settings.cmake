render_test(
  redis_settings_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_settings_test.cpp
  DEPENDS render_config)

render_test(
  hiredis_reply_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/hiredis_reply_test.cpp
  DEPENDS render_hiredis_reply PkgConfig::HIREDIS)
