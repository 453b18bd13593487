#pragma once
// All who wait for the queue are woken by each job. Were it taken by whoever
// happens to be first, every GPU of a fleet would get a job now and then, and
// none would ever be idle for long enough to be stopped. So whoever was late,
// others having taken what was there, leaves the next job to them for a moment.
// Pure.
#include <chrono>
#include <cstdint>

namespace render::queue_watcher {

class giving_way {
public:
  using duration = std::chrono::milliseconds;

  struct config {
    /// With a slot free: for each doubling of the times in a row …
    duration step{3};
    duration most{25};
    /// … and without one, doubled each time. A launch waits for longer anyway.
    duration full_least{250};
    duration full_most{5'000};
    /// A head that is found this soon has stood there before: nobody gives way
    /// for it.
    duration at_once{100};
    /// Nor after so many times in a row, lest anybody depends on others for
    /// good.
    uint32_t times_max = 256;
  };

  explicit giving_way(config cfg) : cfg_(cfg) {
    // nop
  }

  /// A head was found after a wait of `waited`: for how long to leave it to
  /// others; 0: not at all.
  duration for_head(duration waited, bool full);

  /// The queue was looked at: it had something for us, or others have emptied
  /// it, or neither.
  void on_look(bool found, bool emptied);

  /// A wait has ended without a head.
  void on_quiet(bool full);

private:
  config cfg_;
  /// Looks in a row for which we were too late.
  uint32_t late_ = 0;
  /// Since the last look.
  uint32_t times_ = 0;
};

} // namespace render::queue_watcher
