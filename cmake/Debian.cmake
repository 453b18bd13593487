# c3-render-worker and c3-render-tools, by CPack. tests/deploy/deb.sh builds and
# tries them.
option(RENDER_DEB "Install what only Debian's packages have" OFF)
set(RENDER_MAINTAINER "C3 Render Worker contributors <maintainers@localhost>"
    CACHE STRING "Who distributes the packages")
if(NOT RENDER_DEB)
  return()
endif()
set(debian "${PROJECT_SOURCE_DIR}/deploy/debian")
set(made "${PROJECT_BINARY_DIR}/debian")
file(MAKE_DIRECTORY "${made}")

# /etc/default/c3-render-worker: env.sample with all of it commented out, so that
# a default that changes reaches whoever did not change it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                                       "${PROJECT_SOURCE_DIR}/env.sample")
file(READ "${PROJECT_SOURCE_DIR}/env.sample" sample)
string(REGEX REPLACE "^# Copy to [^\n]*\n[^\n]*\n" "" sample "${sample}")
string(REGEX REPLACE "(^|\n)([A-Z])" "\\1#\\2" sample "${sample}")
file(READ "${debian}/default.head" head)
file(WRITE "${made}/default/c3-render-worker" "${head}${sample}")
install(FILES "${made}/default/c3-render-worker" DESTINATION /etc/default
        COMPONENT worker)

configure_file("${debian}/changelog.in" "${made}/changelog" @ONLY)
foreach(package worker tools)
  set(doc "share/doc/c3-render-${package}")
  set(changes "${made}/${package}/changelog.gz")
  add_custom_command(
    OUTPUT "${changes}"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${made}/${package}"
    COMMAND sh -c "gzip -9nc '${made}/changelog' >'${changes}'"
    DEPENDS "${made}/changelog"
    VERBATIM)
  add_custom_target(changes_${package} ALL DEPENDS "${changes}")
  add_dependencies(programs changes_${package})
  install(FILES "${changes}" "${debian}/copyright" DESTINATION "${doc}"
          COMPONENT ${package})
  configure_file("${debian}/lintian-overrides.in"
                 "${made}/${package}.lintian-overrides" @ONLY)
  install(FILES "${made}/${package}.lintian-overrides"
          DESTINATION share/lintian/overrides RENAME "c3-render-${package}"
          COMPONENT ${package})
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "${RENDER_MAINTAINER}")
# Each package has its own, as the first line of its description.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL worker tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)

set(CPACK_DEBIAN_WORKER_PACKAGE_NAME c3-render-worker)
set(CPACK_DEBIAN_WORKER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_WORKER_PACKAGE_DEPENDS "ca-certificates, ffmpeg")
set(CPACK_DEBIAN_WORKER_PACKAGE_RECOMMENDS c3-render-tools)
set(CPACK_DEBIAN_WORKER_PACKAGE_SUGGESTS redis-server)
set(CPACK_DEBIAN_WORKER_PACKAGE_CONTROL_EXTRA
    "${debian}/conffiles;${debian}/postinst;${debian}/prerm;${debian}/postrm")
set(CPACK_COMPONENT_WORKER_DESCRIPTION
    "worker that runs render jobs from a Redis queue on rented GPUs
The worker takes jobs (speech, transcripts, talking portraits, descriptions of
pictures) from a queue in Redis, rents Comput3 GPUs for them, stores the
results in a folder or in S3, and tells the caller by webhook.

With it come c3-render-web, the HTTP service with the operators' page, and
units for systemd. Neither is started by the installation: both need settings
first.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME c3-render-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS c3-render-worker)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION
    "command line for render jobs and the fleet that runs them
c3ctl submits render jobs to the Redis queue of c3-render-worker, follows and
cancels them, tells why one waits, shows workers, GPUs and what they cost, and
diagnoses a fleet that does not get on.")
include(CPack)
