# The files in deploy/ are read, and run, as what they are for; and those of the
# page are looked at.
foreach(name deploy_test units_test docs_test stunnel_test assets_test)
  add_test(NAME ${name} COMMAND /usr/bin/python3 -B
                                "${CMAKE_CURRENT_LIST_DIR}/${name}.py")
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT 120)
endforeach()

set_tests_properties(units_test PROPERTIES ENVIRONMENT
                                           "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")

# The alerts, and the queries of the dashboard, by Debian's prometheus.
add_test(NAME deploy_metrics_test
         COMMAND /usr/bin/python3 -B "${CMAKE_CURRENT_LIST_DIR}/metrics_test.py")
set_tests_properties(deploy_metrics_test
                     PROPERTIES LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77)
