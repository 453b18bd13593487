render_test(
  messages_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/messages_test.cpp
  DEPENDS render_messages)

render_test(
  fleet_place_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/fleet_place_test.cpp)

render_test(
  digest_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/digest_test.cpp
  DEPENDS render_digest)

render_test(
  json_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/json_test.cpp
  DEPENDS render_messages)

render_test(
  utf8_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/utf8_test.cpp
  DEPENDS render_messages)

render_test(
  web_url_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/web_url_test.cpp
  DEPENDS render_records)
