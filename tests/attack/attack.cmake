# Real processes and real time, so alone. Not with the sanitizers: they need
# other memory and other time.
if(NOT RENDER_SANITIZE)
  add_test(NAME attack_quick COMMAND /usr/bin/python3 -B
                                     "${CMAKE_CURRENT_LIST_DIR}/attack.py"
                                     --quick)
  set_tests_properties(
    attack_quick
    PROPERTIES LABELS
               attack
               RUN_SERIAL
               TRUE
               TIMEOUT
               900
               ENVIRONMENT
               "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
endif()
