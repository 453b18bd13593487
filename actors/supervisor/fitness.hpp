#pragma once
// Decides whether this worker is fit to claim jobs: its disk, its storage and
// the programs it needs. Unfit by what a job or a probe has met; fit again when
// a probe succeeds. Probes of an unfit worker come ever more seldom until a job
// has ended well. Pure: no actors, no I/O, no clock.
#include "messages/surroundings.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace render::supervisor {

class fitness {
public:
  using duration = std::chrono::milliseconds;

  struct config {
    /// False: always fit, nothing is probed.
    bool watched = false;
    /// Until an unfit worker is probed; doubles.
    duration delay_min{1'000};
    duration delay_max{30'000};
    /// Between the looks at the free space of a fit one.
    duration look_interval{15'000};
  };

  /// What is to be done.
  struct change {
    /// The worker has become unfit; see `reason` and `text`.
    bool began = false;
    /// It is fit again.
    bool ended = false;
    /// Ask the surroundings now.
    std::optional<msg::check_surroundings> probe;
    /// Call `on_due` after this time, in place of any earlier wish.
    std::optional<duration> due_in;
  };

  explicit fitness(config cfg);

  /// Unfit until the first probe has succeeded.
  change start();

  /// A job, an upload or a look has failed for want of something; `reason` is
  /// "disk", "storage", "tools" or "job" (not known which).
  change on_failure(std::string reason, std::string text);

  /// The answer to a probe.
  change on_seen(const msg::surroundings_seen& x);

  change on_due();

  /// A job has ended well here.
  void on_success() noexcept {
    delay_ = duration{0};
  }

  bool fit() const noexcept {
    return reason_.empty();
  }

  /// Empty: fit.
  const std::string& reason() const noexcept {
    return reason_;
  }

  const std::string& text() const noexcept {
    return text_;
  }

  /// 0: not known.
  uint64_t disk_free_bytes() const noexcept {
    return disk_free_bytes_;
  }

private:
  duration next_delay();

  config cfg_;
  std::string reason_;
  std::string text_;
  duration delay_{0};
  uint64_t disk_free_bytes_ = 0;
  /// A probe is under way, …
  bool asked_ = false;
  /// … and something has failed since it was sent.
  bool stale_ = false;
};

} // namespace render::supervisor
