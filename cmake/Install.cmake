# What is installed where, and the Debian packages (./run deb).

# The project's name has underscores, the folder's none.
set(CMAKE_INSTALL_DOCDIR "share/doc/c3-render-worker" CACHE PATH "Documents")
include(GNUInstallDirs)
# The worker alone starts these two.
set(RENDER_HELPER_DIR "${CMAKE_INSTALL_BINDIR}" CACHE STRING
    "c3-decode and c3-identify: bin or libexec/c3-render-worker")
set(RENDER_UNIT_DIR "lib/systemd/system" CACHE STRING "Units of systemd")

install(TARGETS c3-render-worker c3-render-web
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT worker)
install(TARGETS c3-decode c3-identify
        RUNTIME DESTINATION "${RENDER_HELPER_DIR}" COMPONENT worker)
install(TARGETS c3ctl
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
install(TARGETS c3-local-cloud
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT trial)

# Man pages and completion are what the programs say of themselves.
set(pages "${PROJECT_BINARY_DIR}/pages")
set(page_files c3ctl.1 c3-render-worker.1 c3-render-web.1)
list(TRANSFORM page_files PREPEND "${pages}/")
add_custom_command(
  OUTPUT ${page_files} "${pages}/c3ctl"
  COMMAND c3ctl man > "${pages}/c3ctl.1"
  COMMAND c3ctl completion bash > "${pages}/c3ctl"
  COMMAND c3-render-worker --man-page > "${pages}/c3-render-worker.1"
  COMMAND c3-render-web --man-page > "${pages}/c3-render-web.1"
  COMMAND gzip -9nkf ${page_files}
  VERBATIM)
file(MAKE_DIRECTORY "${pages}")
add_custom_target(pages ALL DEPENDS "${pages}/c3ctl.1")
# Without tests and simulator.
add_custom_target(programs)
add_dependencies(programs c3-render-worker c3-render-web c3-decode c3-identify
                 c3ctl c3-local-cloud pages)
install(FILES "${pages}/c3-render-worker.1.gz" "${pages}/c3-render-web.1.gz"
        DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT worker)
install(FILES "${pages}/c3ctl.1.gz"
        DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tools)
install(FILES "${pages}/c3ctl"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
        COMPONENT tools)
install(FILES env.sample docs/configuration.md docs/operations.md
              docs/job-contract.md docs/web.md
        DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT worker)
# Debian's packages have a file `copyright` in its place.
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT licence)
install(FILES deploy/systemd/c3-render-worker.service
              deploy/systemd/c3-render-web.service
        DESTINATION "${RENDER_UNIT_DIR}" COMPONENT worker)
install(FILES deploy/workflows/portrait.json
        DESTINATION "${CMAKE_INSTALL_DATADIR}/c3-render-worker"
        COMPONENT worker)

include(cmake/Debian.cmake)
