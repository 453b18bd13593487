render_test(
  comput3_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/comput3_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/list_sharing_test.cpp
  DEPENDS render_comput3)
