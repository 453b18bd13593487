render_test(
  fleet_records_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fleet_records_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/fleet_bulk_test.cpp
  DEPENDS render_fleet_records hiredis
  TIMEOUT 120)
