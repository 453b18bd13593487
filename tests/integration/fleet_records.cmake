render_test(
  fleet_records_test LABEL integration PURE SOURCES ${CMAKE_CURRENT_LIST_DIR}
  / fleet_records_test.cpp DEPENDS render_fleet_records hiredis TIMEOUT 120)
