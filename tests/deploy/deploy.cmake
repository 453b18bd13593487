# The files in deploy/ are read, and run, as what they are for.
foreach(name deploy_test stunnel_test)
  add_test(NAME ${name} COMMAND /usr/bin/python3 -B
                                "${CMAKE_CURRENT_LIST_DIR}/${name}.py")
  set_tests_properties(${name} PROPERTIES LABELS integration TIMEOUT 120)
endforeach()
