render_test(
  gpu_instance_policy_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gpu_instance_policy_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_account_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/money_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_instance_adopted_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_instance_given_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_instance_lost_launch_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gpu_instance_play_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/launch_lookup_test.cpp
  DEPENDS render_gpu_instance_policy)
