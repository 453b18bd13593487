#pragma once
// Numbers as Python's float() reads them, since the Python worker read
// producers' records that way.
#include <optional>
#include <string_view>

namespace render {

/// Blanks around the number, a plus sign, and underscores between digits are
/// fine. Infinities and NaN are numbers.
std::optional<double> loose_number(std::string_view text);

} // namespace render
