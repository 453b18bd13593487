# The clients: against a stand-in of the HTTP service with faults, and against the real
# one; the examples against the real one.
foreach(name python_test examples_test)
  if(NOT RENDER_SANITIZE OR name STREQUAL python_test)
    add_test(NAME clients_${name} COMMAND /usr/bin/python3 -B
                                          "${CMAKE_CURRENT_LIST_DIR}/${name}.py")
    set_tests_properties(
      clients_${name} PROPERTIES LABELS integration TIMEOUT 240 ENVIRONMENT
                                 "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
  endif()
endforeach()

# Needs the compiler from npm.
add_test(NAME interop_typescript_client
         COMMAND "${CMAKE_CURRENT_LIST_DIR}/typescript.sh")
set_tests_properties(
  interop_typescript_client
  PROPERTIES LABELS
             interop
             SKIP_RETURN_CODE
             77
             TIMEOUT
             300
             ENVIRONMENT
             "C3_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
