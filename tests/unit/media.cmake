render_test(
  media_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/media_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/media_programs_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/picture_formats_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/work_pool_test.cpp
  DEPENDS render_media_work render_pictures opencv_imgcodecs)
add_dependencies(media_test c3-decode c3-identify)

render_test(
  box_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/box_test.cpp
  DEPENDS render_media_work opencv_imgcodecs)
add_executable(barred_calls ${CMAKE_CURRENT_LIST_DIR}/barred_calls.cpp)
# Sanitizers make calls of their own that the filter bars.
if(NOT RENDER_SANITIZE)
  target_link_libraries(barred_calls PRIVATE render_options)
endif()
set_target_properties(barred_calls PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                              "${PROJECT_BINARY_DIR}/tests")
target_compile_definitions(box_test
                           PRIVATE BARRED_CALLS="$<TARGET_FILE:barred_calls>")
add_dependencies(box_test barred_calls c3-decode c3-identify)
