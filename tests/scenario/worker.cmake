render_test(
  worker_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/scaling_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_end_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/drain_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/lost_gpu_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/queue_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/confirmed_test.cpp
  DEPENDS render_virtual_worker)

render_test(
  wall_clock_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/wall_clock_test.cpp
  DEPENDS render_virtual_worker
  TIMEOUT 120)

render_test(
  ledger_writes_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/ledger_writes_test.cpp
  DEPENDS render_harness)

render_test(
  job_store_scenario_test
  LABEL scenario
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/left_gpus_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/ended_jobs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/lost_claim_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/nobodys_claim_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/fleet_turns_test.cpp
  DEPENDS render_harness)
