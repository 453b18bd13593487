render_test(
  queue_watcher_policy_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/queue_watcher_policy_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/queue_watcher_giving_way_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/queue_watcher_play_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/queue_watcher_refusals_test.cpp
  DEPENDS render_queue_watcher_policy)
