render_test(
  config_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/env_file_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/span_settings_test.cpp
  DEPENDS render_config)
target_compile_definitions(config_test
                           PRIVATE PROJECT_DIR="${PROJECT_SOURCE_DIR}")
