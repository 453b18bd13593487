cmake_policy(VERSION 3.25)
# Writes which commit this is; touches the file only when that has changed.
# GIVEN is for builds without a git checkout that know their commit all the same.
set(COMMIT "${GIVEN}")
if(NOT COMMIT AND EXISTS "${SOURCE}/.git")
  execute_process(
    COMMAND git describe --always --dirty --abbrev=12 --exclude *
    WORKING_DIRECTORY "${SOURCE}"
    OUTPUT_VARIABLE COMMIT
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT "${TARGET}" CONTENT
     "#pragma once\n#define RENDER_COMMIT \"@COMMIT@\"\n")
