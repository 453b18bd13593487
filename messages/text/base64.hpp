#pragma once
// Base64 as RFC 4648 defines it in section 4: with padding, without line
// breaks.
#include <optional>
#include <string>
#include <string_view>

namespace render {

std::string to_base64(std::string_view bytes);

/// Nothing when `text` is not base64.
std::optional<std::string> from_base64(std::string_view text);

} // namespace render
