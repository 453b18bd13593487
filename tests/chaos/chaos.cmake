# The quick set of the crash matrix: real processes, so real time, some two
# minutes. Alone, since what it promises is promised within a time. Not with the
# sanitizers: theirs is another time.
if(NOT RENDER_SANITIZE)
  add_test(NAME chaos_quick COMMAND "${CMAKE_CURRENT_LIST_DIR}/quick.sh")
  set_tests_properties(
    chaos_quick
    PROPERTIES LABELS
               chaos
               RUN_SERIAL
               TRUE
               SKIP_RETURN_CODE
               77
               TIMEOUT
               400
               ENVIRONMENT
               "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
endif()
