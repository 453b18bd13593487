if(RENDER_UNITY)
  add_test(NAME together_test
           COMMAND /usr/bin/python3 -B "${CMAKE_CURRENT_LIST_DIR}/together_test.py"
                   "${PROJECT_BINARY_DIR}")
  set_tests_properties(together_test PROPERTIES LABELS integration TIMEOUT 600
                                                SKIP_RETURN_CODE 77)
endif()
