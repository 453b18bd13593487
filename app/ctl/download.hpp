#pragma once
// Fetches a result from wherever the worker has stored it.
#include "messages/failure.hpp"

#include <string>

namespace render::ctl {

/// Could a result be saved there? Empty: no file is wanted. Fails as
/// `invalid_input`.
result<void> check_output(const std::string& path);

/// Writes the content of `url` (file, http, https) to `path` and returns the
/// file's path. When `path` is a folder, the file's name comes from the URL: an
/// existing file is not replaced, and a name that is empty or begins with a dot
/// or a dash is refused as `invalid_input`. Leaves no incomplete file behind.
/// Failures name the URL without its query, which may be a signature.
result<std::string> download(const std::string& url, const std::string& path);

} // namespace render::ctl
