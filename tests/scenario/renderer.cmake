render_test(
  renderer_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/renderer_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/renderer_end_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/renderer_folder_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/renderer_store_test.cpp
  DEPENDS render_fakes render_renderer render_plans)
