# The harness for other projects: headers, static libraries, and a package that
# names them all as the one target c3::harness.
#   cmake --install build/release --component harness --prefix DIR

# Our static libraries under `target`, which comes first.
function(collect_static_libraries target out)
  set(found ${${out}})
  if(NOT TARGET ${target} OR ${target} IN_LIST found)
    return()
  endif()
  get_target_property(type ${target} TYPE)
  get_target_property(imported ${target} IMPORTED)
  if(imported)
    return()
  endif()
  if(type STREQUAL STATIC_LIBRARY)
    list(APPEND found ${target})
    get_target_property(below ${target} LINK_LIBRARIES)
  else()
    get_target_property(below ${target} INTERFACE_LINK_LIBRARIES)
  endif()
  foreach(name IN LISTS below)
    collect_static_libraries("${name}" found)
  endforeach()
  set(${out}
      ${found}
      PARENT_SCOPE)
endfunction()

set(HARNESS_LIBRARIES)
collect_static_libraries(render_harness HARNESS_LIBRARIES)
configure_file(harness-config.cmake.in
               "${CMAKE_CURRENT_BINARY_DIR}/c3-harness-config.cmake" @ONLY)

set(harness_headers include/c3-render-worker)
set(harness_package lib/cmake/c3-harness)
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/messages" "${PROJECT_SOURCE_DIR}/actors"
            "${PROJECT_SOURCE_DIR}/app"
  DESTINATION ${harness_headers}
  COMPONENT harness
  EXCLUDE_FROM_ALL
  FILES_MATCHING
  PATTERN "*.hpp")
install(
  FILES "${CMAKE_CURRENT_BINARY_DIR}/c3-harness-config.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake"
  DESTINATION ${harness_package}
  COMPONENT harness
  EXCLUDE_FROM_ALL)
install(
  TARGETS ${HARNESS_LIBRARIES}
  ARCHIVE DESTINATION lib/c3-render-worker COMPONENT harness EXCLUDE_FROM_ALL)

# Our sanitizers would have to be the other project's too.
if(NOT RENDER_SANITIZE)
  add_test(
    NAME harness_installed
    COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/outside/check.sh"
            "${PROJECT_BINARY_DIR}" "${CMAKE_CURRENT_BINARY_DIR}/outside")
  set_tests_properties(harness_installed PROPERTIES LABELS simulation TIMEOUT
                                                    300)
endif()
