#pragma once
// What goes into Redis, a webhook or a log has to be valid UTF-8, whatever a
// service has sent.
#include <string>
#include <string_view>

namespace render {

/// Replaces each byte that is no part of valid UTF-8 by U+FFFD.
std::string valid_utf8(std::string_view text);

} // namespace render
