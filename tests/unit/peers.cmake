render_test(
  peers_wire_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/peers_wire_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/peers_facts_test.cpp
  DEPENDS render_membership)

render_test(
  peers_membership_test
  LABEL unit
  PURE
  OPTIMIZED
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/peers_membership_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/peers_play_test.cpp
  DEPENDS render_membership
  TIMEOUT 120)
