# What every target of this project shares: warnings, include root, sanitizers,
# the precompiled CAF header.

add_library(render_options INTERFACE)
# maybe-uninitialized: GCC 12 sees one in CAF's inlined deserializer that is
# not there. ambiguous-reversed-operator: RapidJSON's iterators are older than
# C++20, and both compilers read them alike. The others: at -O3 it sees overlaps and endless lengths in
# std::string's own operator+.
target_compile_options(
  render_options
  INTERFACE
    -Wall -Wextra -Wpedantic -Werror
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>"
    "$<$<CXX_COMPILER_ID:Clang>:-Wno-ambiguous-reversed-operator>"
    # Where files are compiled together, GCC takes one of them for a header.
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${RENDER_UNITY}>>:-Wno-subobject-linkage>"
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-restrict;-Wno-stringop-overflow;-Wno-array-bounds>")
target_include_directories(render_options INTERFACE "${PROJECT_SOURCE_DIR}")
if(RENDER_SANITIZE)
  # null: CAF 0.17.6 binds a reference to nothing when an actor is spawned
  # without arguments. A real null pointer still crashes.
  target_compile_options(
    render_options INTERFACE -fsanitize=address,undefined -fno-sanitize=null
                             -fno-sanitize-recover=undefined
                             -fno-omit-frame-pointer)
  target_link_options(render_options INTERFACE -fsanitize=address,undefined)
endif()
if(RENDER_FUZZ)
  target_compile_options(
    render_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
                             -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(render_options INTERFACE -fsanitize=address,undefined)
endif()

set(render_test_options "$<$<NOT:$<CONFIG:Debug>>:-O0;-g0>")

# One small target compiles the precompiled header; all others reuse it, since
# CAF's headers cost seconds in each translation unit.
file(WRITE "${PROJECT_BINARY_DIR}/pch/pch.cpp" "")
add_library(render_pch STATIC "${PROJECT_BINARY_DIR}/pch/pch.cpp")
target_link_libraries(render_pch PUBLIC render_options CAF::core)
target_precompile_headers(render_pch PRIVATE <caf/all.hpp> <string> <vector>
                          <variant> <functional>)

# Tests are compiled for a fast build, not for fast tests: what they test is
# optimized. For a debugger there is `./run build debug`.
if(RENDER_TESTS)
  find_package(Boost 1.74 REQUIRED COMPONENTS unit_test_framework)
  add_library(render_test_pch STATIC "${PROJECT_BINARY_DIR}/pch/pch.cpp")
  target_link_libraries(
    render_test_pch PUBLIC render_options CAF::core Boost::unit_test_framework)
  target_compile_options(render_test_pch PRIVATE "${render_test_options}")
  target_precompile_headers(
    render_test_pch PRIVATE <boost/test/unit_test.hpp> <caf/all.hpp>
    <filesystem> <fstream> <functional> <map> <random> <set> <sstream> <string>
    <thread> <tl/expected.hpp> <variant> <vector> <rapidjson/document.h>)
endif()

# With the sanitizers each file costs seconds, so the fuzz targets have a
# precompiled header of their own.
if(RENDER_FUZZ)
  add_library(render_fuzz_pch STATIC "${PROJECT_BINARY_DIR}/pch/pch.cpp")
  target_link_libraries(render_fuzz_pch PUBLIC render_options)
  target_precompile_headers(
    render_fuzz_pch PRIVATE <algorithm> <charconv> <chrono> <filesystem>
    <functional> <map> <memory> <optional> <random> <sstream> <string>
    <tl/expected.hpp> <variant> <vector> <rapidjson/document.h>)
endif()

# render_library(NAME [PURE] SOURCES... [DEPENDS targets...])
# PURE: no CAF in it, so no precompiled CAF header either.
function(render_library name)
  cmake_parse_arguments(ARG "PURE" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC render_options ${ARG_DEPENDS})
  if(NOT ARG_PURE)
    target_link_libraries(${name} PUBLIC CAF::core)
    target_precompile_headers(${name} REUSE_FROM render_pch)
  elseif(RENDER_FUZZ)
    target_precompile_headers(${name} REUSE_FROM render_fuzz_pch)
  endif()
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${RENDER_UNITY}
                                           UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# render_program(NAME [PURE] SOURCES... [DEPENDS targets...])
function(render_program name)
  cmake_parse_arguments(ARG "PURE" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE render_options ${ARG_DEPENDS})
  if(NOT ARG_PURE)
    target_link_libraries(${name} PRIVATE CAF::core)
    target_precompile_headers(${name} REUSE_FROM render_pch)
  endif()
endfunction()

# render_test(NAME LABEL label [PURE] [OPTIMIZED] SOURCES... [DEPENDS targets...]
#             [TIMEOUT s])
# OPTIMIZED: it plays so many steps that its own code takes the time.
# Every test binary is a Boost.Test program with its own main.
function(render_test name)
  cmake_parse_arguments(ARG "PURE;OPTIMIZED" "LABEL;TIMEOUT" "SOURCES;DEPENDS"
                        ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(RENDER_SANITIZE)
    # A simulated fleet takes ten times as long and more.
    math(EXPR ARG_TIMEOUT "20 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE render_options render_boost_test
                                        ${ARG_DEPENDS})
  if(NOT ARG_PURE)
    target_link_libraries(${name} PRIVATE CAF::core)
  endif()
  # More than a hundred programs with the same libraries: their symbols, which only
  # a debugger reads, would be most of the build folder.
  target_link_options(${name} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:-s>")
  if(NOT ARG_OPTIMIZED)
    target_compile_options(${name} PRIVATE "${render_test_options}")
    target_precompile_headers(${name} REUSE_FROM render_test_pch)
  elseif(NOT ARG_PURE)
    target_precompile_headers(${name} REUSE_FROM render_pch)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                           "${PROJECT_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND ${name} --color_output=no)
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT
                                          ${ARG_TIMEOUT})
endfunction()
