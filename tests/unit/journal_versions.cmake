render_test(
  journal_versions_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/journal_versions_test.cpp
  DEPENDS render_journal PkgConfig::SQLITE)
