render_test(
  redis_settings_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/redis_settings_test.cpp
  DEPENDS render_config)
