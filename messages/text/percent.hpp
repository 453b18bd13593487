#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace render {

/// With `%41` read as `A`; nothing when a percent sign stands alone.
std::optional<std::string> percent_decoded(std::string_view text);

} // namespace render
