#pragma once
// Removes results from OUTPUT_DIR when RESULT_TTL has passed; looks once an
// hour. When this actor dies, results stay longer. It has a thread of its own
// outside of tests, since a disk may hang.
#include "actors/log.hpp"
#include "messages/clock.hpp"
#include "messages/timer.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace render {

struct result_sweeper_deps {
  /// Removes results that are due at this Unix time, `limit` files at most, and
  /// returns their number.
  std::function<size_t(double now_s, size_t limit)> sweep;
  wall_clock now;
  logger log;
};

struct result_sweeper_config {
  std::chrono::seconds every{3'600};
  /// Files removed in one turn, so that no thread is busy for long. The next
  /// turn comes sooner when more are due.
  size_t files_max = 200;
  std::chrono::seconds when_more{1};
};

struct result_sweeper_state {
  static inline const char* name = "result-sweeper";
};

using result_sweeper_actor = caf::typed_actor<caf::reacts_to<msg::timer_due>>;

/// Begins at once.
result_sweeper_actor::behavior_type result_sweeper_behavior(
  result_sweeper_actor::stateful_pointer<result_sweeper_state> self,
  result_sweeper_config cfg, result_sweeper_deps deps);

} // namespace render
