#pragma once
// All who wait for the queue are woken by each job. Were it taken by whoever
// happens to be first, every GPU of a fleet would get a job now and then, and
// none would ever be idle for long enough to be stopped. So whoever was late,
// others having taken what was there, leaves the next job to them for a moment.
// Pure.
#include "messages/fleet_place.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace render::queue_watcher {

class giving_way {
public:
  using milliseconds = std::chrono::milliseconds;

  struct config {
    /// With a slot free: for each doubling of the times in a row …
    milliseconds step{3};
    milliseconds most{25};
    /// … and without one, doubled each time. A launch waits for longer anyway.
    milliseconds full_least{250};
    milliseconds full_most{5'000};
    /// … and for its turn among the fleet: between two workers, and all in all.
    milliseconds full_turn{300};
    milliseconds full_turn_most{30'000};
    /// Without one, a head that is found this soon has stood there before:
    /// nobody gives way for it.
    milliseconds full_at_once{100};
    /// With one, heads that change this quickly, so many in a row, mean that
    /// more waits than others can take.
    milliseconds at_once{10};
    uint32_t at_once_max = 16;
  };

  explicit giving_way(config cfg) : cfg_(cfg) {
    // nop
  }

  /// This head was found after a wait of `waited`: for how long to leave it to
  /// others; 0: not at all.
  milliseconds for_head(const std::string& id, std::chrono::microseconds waited,
                        bool full, const fleet_place& place);

  /// The queue was looked at: it had something for us, or others have emptied
  /// it, or neither.
  void on_look(bool found, bool emptied);

  /// There was none, and now there is.
  void on_slot_free();

  /// A wait has ended without a head.
  void on_quiet(bool full);

private:
  config cfg_;
  /// Jobs in a row for which we were too late.
  uint32_t late_ = 0;
  /// The head for which we gave way, since the last look.
  std::optional<std::string> left_to_others_;
  uint32_t at_once_in_a_row_ = 0;
};

} // namespace render::queue_watcher
