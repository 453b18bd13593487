#pragma once
// Producers' URLs, read as the Python worker read them: its `requests` takes
// blanks and letters of any language in a path.
#include <string>
#include <string_view>

namespace render {

/// `text` without blanks around it. Each byte of path, query and fragment that
/// a URL may not hold is percent-encoded; encoded bytes stay. Scheme and host
/// stay as they are: is_web_url() judges them, and refuses control characters.
std::string normalized_url(std::string_view text);

} // namespace render
