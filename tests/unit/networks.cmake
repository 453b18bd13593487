render_test(
  networks_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/networks_test.cpp
  DEPENDS render_web_target)

render_test(
  web_target_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/web_target_test.cpp
  DEPENDS render_web_target)

render_test(
  known_names_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/known_names_test.cpp
  DEPENDS render_web_target)
