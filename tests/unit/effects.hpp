#pragma once
// Helpers for the tests of all policies: effects by kind, and moments.
#include "messages/moment.hpp"

#include <variant>
#include <vector>

namespace render {

/// The effects of one kind, in their order.
template <class Kind, class Effects>
std::vector<Kind> all(const Effects& xs) {
  std::vector<Kind> out;
  for (auto& x : xs)
    if (auto* y = std::get_if<Kind>(&x))
      out.push_back(*y);
  return out;
}

/// A moment with the same time by both clocks.
inline moment both(double now_s) {
  return {now_s, now_s};
}

} // namespace render
