#pragma once
// Workers that look for the same thing take turns: the looks of a fleet add up
// to about the same rate, however many workers it has. Pure.
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace render {

/// A worker's place among those that share a Redis.
struct fleet_place {
  using duration = std::chrono::milliseconds;

  /// 0 (first) to 1, each worker's own.
  double order = 0;
  /// Workers counted by Redis lately, this one included; 1 before the first
  /// count.
  uint32_t workers = 1;

  /// How long this worker delays its look, so that looks of two workers are
  /// `each` apart. At most `most`; 0 for a single worker.
  duration turn(duration each, duration most) const {
    auto others = workers > 0 ? workers - 1 : 0;
    auto round = std::min(most, others * each);
    return duration{
      static_cast<int64_t>(order * static_cast<double>(round.count()))};
  }
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fleet_place& x) {
  return f(x.order, x.workers);
}

} // namespace render
