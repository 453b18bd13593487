cmake_policy(VERSION 3.25)
# Writes which commit this is; touches the file only when that has changed.
execute_process(
  COMMAND git describe --always --dirty --abbrev=12
  WORKING_DIRECTORY "${SOURCE}"
  OUTPUT_VARIABLE COMMIT
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT COMMIT)
  set(COMMIT "unknown")
endif()
file(CONFIGURE OUTPUT "${TARGET}" CONTENT
     "#pragma once\ninline constexpr const char* built_from_commit = \"@COMMIT@\";\n")
