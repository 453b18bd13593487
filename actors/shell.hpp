#pragma once
// What the shells of all policies do alike: perform effects in turn, and log.
#include "actors/log.hpp"
#include "actors/say.hpp"
#include "messages/moment.hpp"

#include <utility>
#include <variant>

namespace render {

/// `shell` has an operator() for each kind of effect.
template <class Shell, class Effects>
void perform(const Shell& shell, Effects&& all) {
  for (auto& x : all)
    std::visit(shell, std::move(x));
}

/// The time of an actor by the steady clock, as in `moment`.
template <class Actor>
double steady_s(Actor& self) {
  return steady_seconds(self.clock().now());
}

inline spdlog::level::level_enum log_level(severity x) {
  switch (x) {
  case severity::info:
    return spdlog::level::info;
  case severity::warning:
    return spdlog::level::warn;
  case severity::error:
    break;
  }
  return spdlog::level::err;
}

inline void write_line(const logger& to, const say& x) {
  write_event(to, log_level(x.level), x.about, x.text);
}

} // namespace render
