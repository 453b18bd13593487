#pragma once
// "Did you mean": which known word somebody may have meant. Pure.
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// The candidate that takes the fewest changed letters to be `word`; empty when
/// none is alike: at most one letter in five differs, or one in a short word.
/// The first one of several.
std::string_view alike(std::string_view word,
                       const std::vector<std::string_view>& candidates);

} // namespace render
