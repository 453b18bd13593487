#pragma once
// How far a loss of Redis' data reaches into the limits of spending. Pure.
#include <cstdint>
#include <vector>

namespace render::harness {

/// How often the limit of the hour or day from `from_s` to `to_s` can be spent
/// once more. A loss takes what was spent in the hour and day in which it
/// happens, and what the GPUs of then had reserved, `ahead_s` at most. Unix
/// seconds.
inline int64_t losses_in(const std::vector<double>& lost_at_s, double from_s,
                         double to_s, double ahead_s) {
  int64_t out = 0;
  for (auto at_s : lost_at_s)
    out += at_s < to_s && at_s + ahead_s >= from_s ? 1 : 0;
  return out;
}

} // namespace render::harness
