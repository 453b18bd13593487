# One file a promise of DESIGN.md, on whole worker nodes.
render_test(
  promises_test
  LABEL scenario
  OPTIMIZED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/promise_main.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_1_one_final_status.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_2_webhooks.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_3_gpus_are_stopped.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_4_not_ours.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_5_same_seed.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_6_warm_gpus.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_7_bad_input.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_8_an_unfit_worker.cpp
          ${CMAKE_CURRENT_LIST_DIR}/promise_9_hostile_hours.cpp
  DEPENDS render_harness)

# One file a timed rule of the contract, on whole worker nodes, to the
# millisecond.
render_test(
  rules_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/rules_main.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_launch.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_gpu_life.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_input_look.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_job_limits.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_polling.cpp
          ${CMAKE_CURRENT_LIST_DIR}/rule_webhooks.cpp
  DEPENDS render_harness)
