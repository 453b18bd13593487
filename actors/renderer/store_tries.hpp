#pragma once
// When a result that the storage does not take is stored again. Pure: no
// actors, no I/O, no clock; randomness from a seeded engine.
#include "messages/failure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace render {

class store_tries {
public:
  using duration = std::chrono::milliseconds;

  /// The wait after the first failure and the longest one.
  store_tries(duration min, duration max, uint64_t seed)
    : min_(min), max_(max),
      random_(static_cast<std::minstd_rand::result_type>(seed)) {
    // nop
  }

  /// The wait after a try that failed so, with `before` failed tries before it.
  /// The wait doubles each time, and up to half of it is random, so that the
  /// workers of a fleet do not try in step. Nothing: another try would fail
  /// too.
  std::optional<duration> after(const failure& why, uint32_t before);

private:
  duration min_;
  duration max_;
  std::minstd_rand random_;
};

} // namespace render
