#pragma once
// Helpers for the tests of all policies: effects by kind, and moments.
#include "messages/moment.hpp"

#include <string>
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

/// A line on an effect: what, when, and how long, but no date.
template <class Effect>
std::string line_of(const Effect& effect, double now_s) {
  auto out = std::to_string(now_s) + ' ' + std::to_string(effect.index());
  std::visit(
    [&out](auto& x) {
      if constexpr (requires { x.delay; })
        out += ' ' + std::to_string(static_cast<int>(x.which)) + ' '
               + std::to_string(x.delay.count());
      if constexpr (requires { x.text; })
        out += ' ' + x.text;
      if constexpr (requires { x.task.deadline_s; })
        out += ' ' + std::to_string(x.task.deadline_s);
      if constexpr (requires { x.update.launched_at_s; })
        out += ' ' + std::to_string(x.update.launched_at_s);
      if constexpr (requires { x.entry.id; })
        out += ' ' + x.entry.id;
      if constexpr (requires { x.what.delay; })
        out += ' ' + std::to_string(x.what.delay.count());
    },
    effect);
  return out + '\n';
}

/// A moment with the same time by both clocks.
inline moment both(double now_s) {
  return {now_s, now_s};
}

} // namespace render
