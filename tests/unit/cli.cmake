render_test(
  cli_pages_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/cli_pages_test.cpp
  DEPENDS render_cli)
render_test(
  service_manager_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/service_manager_test.cpp
  DEPENDS render_service_manager)
render_test(
  process_settings_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/process_settings_test.cpp
  DEPENDS render_process_settings)
target_compile_definitions(process_settings_test
                           PRIVATE PROJECT_DIR="${PROJECT_SOURCE_DIR}")
