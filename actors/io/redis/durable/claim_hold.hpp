#pragma once
// When nothing is claimed after an outage. Redis may have lost the claims that
// were made last, as a failover does, and given those jobs back to the queue.
// Their owners write them again as soon as they are connected, so whoever is
// connected first must not take them. Pure.
#include <algorithm>
#include <chrono>
#include <optional>

namespace render::job_store {

class claim_hold {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::milliseconds;

  void on_down(time_point now) {
    if (!down_since_)
      down_since_ = now;
  }

  /// Who tries again ever more rarely is connected again after twice the time
  /// of the outage: so long, but for `least` at least, and never beyond `most`,
  /// the longest wait between two tries.
  void on_up(time_point now, duration least, duration most) {
    if (!down_since_)
      return;
    auto away = std::chrono::ceil<duration>(now - *down_since_);
    until_ = now + std::min(most, std::max(least, away));
    down_since_.reset();
  }

  /// What is asked for now would be sent as soon as Redis is there.
  bool is_down() const {
    return down_since_.has_value();
  }

  /// 0: nothing is held back.
  duration left(time_point now) const {
    return std::max(duration{0}, std::chrono::ceil<duration>(until_ - now));
  }

private:
  std::optional<time_point> down_since_;
  time_point until_;
};

} // namespace render::job_store
