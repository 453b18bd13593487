#pragma once
// The URLs of producers as the clients read them that came before us: Python's
// `requests` takes blanks and letters of any language in a path.
#include <string>
#include <string_view>

namespace render {

/// `text` without blanks around it, and with each byte of path, query and
/// fragment percent-encoded that a URL may not hold. What is encoded already
/// stays. Scheme and host stay as they are: whether they are any good is for
/// is_web_url() to say, and a control character is left for it to refuse.
std::string normalized_url(std::string_view text);

} // namespace render
