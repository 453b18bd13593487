#pragma once
// What the tests of all policies ask of a list of effects, and give as time.
#include "messages/moment.hpp"

#include <variant>
#include <vector>

namespace render {

/// Those of one kind, in their order.
template <class Kind, class Effects>
std::vector<Kind> all(const Effects& xs) {
  std::vector<Kind> out;
  for (auto& x : xs)
    if (auto* y = std::get_if<Kind>(&x))
      out.push_back(*y);
  return out;
}

/// Both clocks say the same.
inline moment both(double now_s) {
  return {now_s, now_s};
}

} // namespace render
