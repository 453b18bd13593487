#pragma once
// Workers that all look for the same thing take turns: a fleet of any size
// looks about as often, and each worker of a large one seldom. Pure.
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace render {

/// A worker's place among those that share a Redis.
struct fleet_place {
  using duration = std::chrono::milliseconds;

  /// 0 (first) to 1, each worker's own.
  double order = 0;
  /// As Redis has counted them lately, this one included; 1 before it has.
  uint32_t workers = 1;

  /// How much later than it could this worker looks, if two of them are to look
  /// `each` apart; never more than `most`, and nothing for one alone.
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
