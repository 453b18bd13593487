#pragma once
// Timers of an actor that may end long before they are due. CAF's clock keeps
// the receiver of a delayed message alive until the message is due, and cannot
// cancel it. So a long wait is made of shorter ones, and an actor that has
// ended is freed soon.
#include "messages/timer.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <utility>

namespace render {

class long_timers {
public:
  /// Longest time for which an actor is kept alive after its end.
  static constexpr std::chrono::milliseconds piece{60'000};

  /// `x` comes after `delay`, or earlier: the actor asks `is_due`.
  template <class Self>
  void arm(Self self, std::chrono::milliseconds delay, msg::timer_due x) {
    if (delay > piece)
      due_[key_of(x)] = self->clock().now() + delay;
    self->delayed_send(self, std::min(delay, piece), x);
  }

  /// Whether the wait for `x`, which has just come, is over; if not, the wait
  /// goes on.
  template <class Self>
  bool is_due(Self self, const msg::timer_due& x) {
    auto at = due_.find(key_of(x));
    if (at == due_.end())
      return true;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(
      at->second - self->clock().now());
    if (left.count() <= 0) {
      due_.erase(at);
      return true;
    }
    self->delayed_send(self, std::min(left, piece), x);
    return false;
  }

private:
  using key = std::pair<uint32_t, uint64_t>;

  static key key_of(const msg::timer_due& x) {
    return {x.which, x.generation};
  }

  std::map<key, caf::actor_clock::time_point> due_;
};

} // namespace render
