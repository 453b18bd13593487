#include "app/version/version.hpp"

#include "built_commit.hpp"

namespace render {

std::string_view version() {
  return RENDER_VERSION;
}

std::string_view built_from_commit() {
  std::string_view commit = RENDER_COMMIT;
  return commit.empty() ? "unknown" : commit;
}

std::string version_line(std::string_view program) {
  std::string out{program};
  out += ' ';
  out += version();
  out += *RENDER_COMMIT ? " (commit " + std::string{built_from_commit()} + ")"
                        : " (built without git: commit unknown)";
  return out;
}

} // namespace render
