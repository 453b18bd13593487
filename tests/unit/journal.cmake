render_test(
  journal_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/journal_test.cpp
  DEPENDS render_journal PkgConfig::SQLITE)
