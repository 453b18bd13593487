#pragma once
// The one place where a path is made of a root and a name. Pure:
// actors/io/files looks at the disk.
#include "messages/failure.hpp"

#include <string>
#include <string_view>

namespace render {

/// Is this the name of a file or folder and nothing more: 1 to 255 bytes, no
/// slash, no NUL, neither `.` nor `..`?
bool is_file_name(std::string_view name);

/// `root`/`name`. Fails as `invalid_input` when `name` is no file name; the
/// error shows the name escaped.
result<std::string> path_below(std::string_view root, std::string_view name);

} // namespace render
