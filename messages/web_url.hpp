#pragma once
// The URLs that producers write, in the form that may be sent: people paste
// them with blanks and accents, and the old worker's HTTP library encoded them.
#include <string>
#include <string_view>

namespace render {

/// `url` without the blanks in front, with everything behind the host
/// percent-encoded that has to be; an existing %XX stays as it is. The host is
/// left alone. Empty when it is no http(s) URL, has control characters, or a
/// blank or backslash before its path.
std::string normal_web_url(std::string_view url);

} // namespace render
