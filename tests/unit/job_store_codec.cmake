render_test(
  job_store_codec_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/job_store_codec_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_outbox_entry_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_queue_walk_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_claim_hold_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_holdings_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_lasting_writes_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_takeover_grace_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/job_store_written_progress_test.cpp
  DEPENDS render_job_store_codec)
