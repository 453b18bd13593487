#pragma once
// Spares a host that answers nobody: after some failed tries in a row only one
// try at a time, the probe, goes there, with growing pauses. Pure.
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace render::webhook_sender {

struct breaker_config {
  /// Failed tries in a row to one host until it is only probed.
  uint32_t failures = 5;
  /// Until the first probe; doubles with each that fails.
  std::chrono::milliseconds pause{5'000};
  std::chrono::milliseconds pause_max{60'000};
};

/// All times are Unix seconds.
class breaker {
public:
  bool holds() const noexcept {
    return next_probe_s_ > 0;
  }

  /// 0 when it does not hold.
  double next_probe_s() const noexcept {
    return next_probe_s_;
  }

  bool untroubled() const noexcept {
    return failures_ == 0;
  }

  double last_failure_s() const noexcept {
    return last_failure_s_;
  }

  void succeeded() noexcept {
    *this = {};
  }

  /// `probe`: the try was made while the breaker held. Tries that were under
  /// way when it began to hold tell nothing new.
  void failed(const breaker_config& cfg, bool probe, double now_s) noexcept {
    last_failure_s_ = now_s;
    if (holds()) {
      if (!probe)
        return;
      pause_ = std::min(2 * pause_, cfg.pause_max);
    } else {
      if (++failures_ < cfg.failures)
        return;
      pause_ = std::min(cfg.pause, cfg.pause_max);
    }
    next_probe_s_ = now_s + static_cast<double>(pause_.count()) / 1000;
  }

private:
  uint32_t failures_ = 0;
  std::chrono::milliseconds pause_{0};
  double next_probe_s_ = 0;
  double last_failure_s_ = 0;
};

} // namespace render::webhook_sender
