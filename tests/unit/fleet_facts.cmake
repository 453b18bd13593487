render_test(
  fleet_facts_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fleet_facts_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gantt_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/fleet_use_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/provider_list_test.cpp
  DEPENDS render_fleet_records)
