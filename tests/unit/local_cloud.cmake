render_test(
  local_cloud_unit_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/local_cloud_test.cpp
  DEPENDS render_local_cloud)
