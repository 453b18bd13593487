render_test(
  gpu_instance_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gpu_life_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_launch_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ledger_test.cpp
  DEPENDS render_gpu_world)
