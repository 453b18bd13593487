#pragma once
// When a webhook that failed is tried again. Pure; the randomness is seeded.
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace render::webhook_sender {

struct schedule {
  /// Between the tries; one try more than delays.
  std::vector<std::chrono::milliseconds> delays;
  /// A delay is longer by a random share of itself, at most this: webhooks that
  /// failed together must not be tried together.
  double jitter = 0;
};

/// Five tries, 5 s apart.
schedule contract_schedule();

/// The ten tries within three days that Standard Webhooks 1.0.0 gives.
schedule standard_schedule();

/// The delay after try number `attempts`, which is not the last.
std::chrono::milliseconds delay_after(const schedule& x, uint32_t attempts,
                                      std::mt19937_64& random);

} // namespace render::webhook_sender
