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

# --in peers: a Python environment of their own, with these suites' clients.
foreach(suite vision old_system comfyui websocket)
  interop_suite(${suite} ARGS --in peers --need espeak-ng --need ffmpeg --
                              suites/test_${suite}.py)
endforeach()
interop_suite(
  traces
  ARGS --in traces --go-source otlp_check --need espeak-ng --need ffmpeg --
       suites/test_traces.py)
# The HTTP service, beside the API that it replaces.
interop_suite(web_legacy ARGS --in web -- suites/test_web_legacy.py)
interop_suite(
  web_api
  COST 6
  ARGS --in web --need espeak-ng --need ffmpeg -- suites/test_web_api.py
       suites/test_web_openapi.py)
interop_suite(
  redis
  COST 4
  ARGS --in peers --need espeak-ng --need ffmpeg --need stunnel --
       suites/test_redis.py)
interop_suite(
  valkey
  COST 4
  ARGS --in peers --valkey --need espeak-ng --need ffmpeg --need stunnel --
       suites/test_redis.py --redis
       ${PROJECT_SOURCE_DIR}/build/interop/valkey/usr/bin/valkey-server)

# The first run builds kustomize, which takes a minute.
interop_suite(
  deploy
  COST 4
  ARGS --in deploy --deploy-tools -- suites/test_deploy.py)

# The page in a browser.
add_test(NAME interop_web COMMAND "${CMAKE_CURRENT_LIST_DIR}/web/run.sh")
set_tests_properties(
  interop_web
  PROPERTIES LABELS
             interop
             SKIP_RETURN_CODE
             77
             TIMEOUT
             900
             COST
             6
             ENVIRONMENT
             "INTEROP_PROGRAMS=${PROJECT_BINARY_DIR}/bin")

# A whole build by Conan's toolchain; minutes, unless little has changed.
add_test(NAME interop_conan COMMAND "${CMAKE_CURRENT_LIST_DIR}/conan.sh")
set_tests_properties(
  interop_conan
  PROPERTIES LABELS
             interop
             SKIP_RETURN_CODE
             77
             TIMEOUT
             2400
             COST
             10)

# The first run builds the server, which takes some minutes.
interop_suite(
  s3
  TIMEOUT 2400
  COST 20
  ARGS --s3 --need espeak-ng --need ffmpeg -- suites/test_s3.py)

# Drives the WebSocket client alone.
render_program(
  interop_websocket_listen
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/websocket_listen.cpp
  DEPENDS render_websocket_loop)

# Drives the S3 client alone.
render_program(
  interop_s3_upload
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/s3_upload.cpp
  DEPENDS render_object_store render_http)
