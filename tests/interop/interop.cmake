# Tests against programs that others wrote: real servers under our clients, real
# clients against our stand-in cloud. `./run interop` runs them; the ordinary
# test run leaves the label out. Each suite prepares what it needs by itself.

# interop_suite(NAME [TIMEOUT s] [COST n] ARGS... suite.sh's arguments)
# COST: suites with more begin earlier when several run side by side.
function(interop_suite name)
  cmake_parse_arguments(ARG "" "TIMEOUT;COST" "ARGS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  if(NOT ARG_COST)
    set(ARG_COST 1)
  endif()
  add_test(NAME interop_${name} COMMAND "${PROJECT_SOURCE_DIR}/tests/interop/suite.sh"
                                        ${ARG_ARGS})
  set_tests_properties(
    interop_${name}
    PROPERTIES LABELS
               interop
               SKIP_RETURN_CODE
               77
               TIMEOUT
               ${ARG_TIMEOUT}
               COST
               ${ARG_COST}
               ENVIRONMENT
               "INTEROP_PROGRAMS=${PROJECT_BINARY_DIR}/bin")
endfunction()

foreach(version 4 5 6)
  interop_suite(
    gradio${version}_server
    COST 9
    ARGS --python gradio${version} --need nginx --need ffmpeg --
         suites/test_gradio_server.py --gradio gradio${version})
  interop_suite(
    gradio${version}_clients
    COST 5
    ARGS --python gradio${version} --node --need ffmpeg --need espeak-ng --
         suites/test_gradio_clients.py --gradio gradio${version})
endforeach()

interop_suite(s3 ARGS --s3 --need espeak-ng --need ffmpeg -- suites/test_s3.py)

# Drives the S3 client alone.
render_program(
  interop_s3_upload
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/s3_upload.cpp
  DEPENDS render_object_store render_http)
