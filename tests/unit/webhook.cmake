render_test(
  webhook_test
  LABEL unit
  PURE
  OPTIMIZED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/webhook_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/webhook_turns_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/webhook_play_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/webhook_flush_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/webhook_schedule_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/webhook_signature_test.cpp
  DEPENDS render_webhook_policy)
