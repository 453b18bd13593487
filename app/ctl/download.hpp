#pragma once
// Brings a result here, wherever the worker has put it.
#include "messages/failure.hpp"

#include <string>

namespace render::ctl {

/// Writes what `url` (file, http, https) holds to `path`; the file's path.
/// When `path` is a folder the URL names the file in it: then nothing that is
/// there is written over, and a name that begins with a dot (or a dash), or is
/// none, is refused as `invalid_input`. Leaves no half file behind.
/// Failures name the URL without its query, which may be a signature.
result<std::string> download(const std::string& url, const std::string& path);

} // namespace render::ctl
