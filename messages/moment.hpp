#pragma once
// One moment by two clocks. Intervals are measured by the steady clock, which
// never jumps. The wall clock may be set at any time and serves for dates only.
#include <chrono>

namespace render {

struct moment {
  /// Seconds by the steady clock, above 0. Only differences mean something.
  double steady_s = 0;
  /// Seconds since the Unix epoch, for what others read or have written.
  double unix_s = 0;

  /// The time of a date by the steady clock. Stays valid when the wall clock is
  /// set later.
  double steady_at(double date_s) const noexcept {
    return steady_s + (date_s - unix_s);
  }

  /// The date of a time by the steady clock, as the wall clock is set now.
  double unix_at(double time_s) const noexcept {
    return unix_s - (steady_s - time_s);
  }
};

/// Seconds by the steady clock, as in `moment`.
inline double steady_seconds(std::chrono::steady_clock::time_point x) {
  // Longer than any machine has been up, so that dates before its start stay
  // above 0.
  constexpr double origin_s = 1e9;
  return origin_s + std::chrono::duration<double>(x.time_since_epoch()).count();
}

} // namespace render
