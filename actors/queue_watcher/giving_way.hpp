#pragma once
// For how long a worker leaves a new job to others. Each push wakes all workers
// that wait for the queue. If whoever happens to be first took the job, every
// GPU of a fleet would get one now and then, and none would ever be idle for
// long enough to be stopped. Pure.
#include "messages/fleet_place.hpp"

#include <chrono>
#include <cstdint>

namespace render::queue_watcher {

struct giving_way {
  using milliseconds = std::chrono::milliseconds;

  /// With a slot free: so long once the warmest GPU has been idle for
  /// `idle_timeout`, and in proportion before.
  milliseconds most{25};
  milliseconds idle_timeout{300'000};
  /// Without one: so long for the first job after one that others took, and
  /// twice as long for each further one. A launch waits for longer anyway.
  milliseconds full_least{250};
  milliseconds full_most{5'000};
  /// … and for its turn among the fleet: between two workers, and all in all.
  milliseconds full_turn{300};
  milliseconds full_turn_most{30'000};
  /// Without one, a head that is found this soon has stood there before:
  /// nobody gives way for it.
  milliseconds full_at_once{100};

  /// `idle_since_s`: since when the warmest GPU with a free slot has been idle,
  /// by the steady clock; 0: it works. A worker that is alone leaves nothing to
  /// others.
  std::chrono::microseconds with_slot(double idle_since_s, double now_s,
                                      const fleet_place& place) const;

  /// `late`: for how many jobs in a row others have been quicker.
  milliseconds without_slot(uint32_t late, const fleet_place& place) const;
};

} // namespace render::queue_watcher
