render_test(
  supervisor_policy_test
  LABEL unit
  PURE
  OPTIMIZED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/supervisor_policy_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_jobs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_look_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_inputs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_succession_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_fitness_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_unfit_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/adoption_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_held_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_hand_over_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/launching_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/launching_fleet_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_estimates_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_forecast_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_open_ends_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_peers_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_traffic_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_verdict_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_replacement_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_play.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_play_world.cpp
          ${CMAKE_CURRENT_LIST_DIR}/supervisor_play_test.cpp
  DEPENDS render_supervisor_policy render_digest)
