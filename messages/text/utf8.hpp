#pragma once
// Text for Redis, a webhook or a log must be valid UTF-8, whatever a service
// has sent.
#include <string>
#include <string_view>

namespace render {

/// Takes the first character off `text`, which must not be empty: U+FFFD for a
/// byte that is no part of valid UTF-8.
std::string_view take_utf8(std::string_view& text);

/// Replaces each byte that is no part of valid UTF-8 by U+FFFD.
std::string valid_utf8(std::string_view text);

} // namespace render
