#pragma once
// Timers. A delayed message of CAF 0.17 cannot be cancelled, so each carries
// the generation it was armed with and its owner ignores a stale one.
#include <cstdint>

namespace render::msg {

/// INTERNAL: the owner's timer `which` of generation `generation` is due.
/// `which` is an enum of the owner.
struct timer_due {
  uint32_t which = 0;
  uint64_t generation = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, timer_due& x) {
  return f(x.which, x.generation);
}

} // namespace render::msg
