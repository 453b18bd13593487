#pragma once
// Numbers as Python's float() reads them: what producers write has been read so
// for long.
#include <optional>
#include <string_view>

namespace render {

/// Blanks around it, a plus sign, and underscores between digits are fine.
/// Infinities and NaN are numbers.
std::optional<double> loose_number(std::string_view text);

} // namespace render
