#pragma once
// Brings a result here, wherever the worker has put it.
#include "messages/failure.hpp"

#include <string>

namespace render::ctl {

/// Writes what `url` (file, http, https) holds to `path`; the file's path,
/// which is inside `path` when that is a folder. Leaves no half file behind.
/// Failures name the URL without its query, which may be a signature.
result<std::string> download(const std::string& url, const std::string& path);

} // namespace render::ctl
