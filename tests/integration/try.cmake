# What `./run try` does for people, with its own end.
if(NOT RENDER_SANITIZE)
  add_test(
    NAME try_fleet
    COMMAND python3 -B "${PROJECT_SOURCE_DIR}/app/demo/try.py" --workers 3 --jobs
            6 --once)
  set_tests_properties(
    try_fleet
    PROPERTIES LABELS
               integration
               PASS_REGULAR_EXPRESSION
               "== 6 jobs on [0-9]+ GPUs: ash .* worker has stopped"
               TIMEOUT
               120
               ENVIRONMENT
               "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
  add_test(NAME try_test
           COMMAND python3 -B "${CMAKE_CURRENT_LIST_DIR}/try_test.py")
  set_tests_properties(
    try_test PROPERTIES LABELS integration TIMEOUT 240 ENVIRONMENT
                        "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
  # The ports of the README are fixed.
  add_test(NAME readme_by_hand
           COMMAND python3 -B "${CMAKE_CURRENT_LIST_DIR}/readme_test.py")
  set_tests_properties(
    readme_by_hand
    PROPERTIES LABELS
               integration
               TIMEOUT
               120
               RESOURCE_LOCK
               readme_ports
               SKIP_RETURN_CODE
               77
               ENVIRONMENT
               "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
endif()
