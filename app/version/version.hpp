#pragma once
// Which release this is, and which commit it was built from.
#include <string>
#include <string_view>

namespace render {

/// The release, e.g. "0.2.0".
std::string_view version();

/// The commit, with "-dirty" when files were changed after it; "unknown" when
/// it was built from sources without git, such as a tarball.
std::string_view built_from_commit();

/// One line for `--version`, without its end: program, release and commit.
std::string version_line(std::string_view program);

} // namespace render
