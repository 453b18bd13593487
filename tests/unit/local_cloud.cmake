render_test(
  local_cloud_unit_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/local_cloud_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/local_cloud_mouth_test.cpp
  DEPENDS render_local_cloud)
target_compile_definitions(
  local_cloud_unit_test
  PRIVATE FACE_FILE="${PROJECT_SOURCE_DIR}/app/demo/face.jpg")
