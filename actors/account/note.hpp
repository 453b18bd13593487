#pragma once
// What the ACCOUNT has seen, for heartbeats, /status and /metrics. From any
// thread.
#include "actors/event_sink.hpp"
#include "actors/io/redis/worker_card.hpp"
#include "messages/gpu.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

namespace render::account {

struct sight {
  /// Nothing: the provider does not tell it, or was not asked yet.
  std::optional<job_store::account_balance> balance;
  /// See `unknown_of`; empty: not known.
  std::map<workload_type, uint32_t> unknown;
  /// Nothing: not known.
  std::optional<provider_list> gpus = {};
};

/// A sink of the log, since it listens for calls that the provider has refused
/// for want of money.
class note : public event_sink {
public:
  void on_event(const event& x) override {
    // A balance that costs money would be asked for again and again.
    if (x.name == "provider_called" && x.outcome == "402"
        && x.part != "balance")
      refused_ = true;
  }

  /// Whether that has happened since the last question.
  bool take_refused() {
    return refused_.exchange(false);
  }

  sight seen() const {
    std::lock_guard guard{mutex_};
    return sight_;
  }

  void see(std::optional<job_store::account_balance> x) {
    std::lock_guard guard{mutex_};
    sight_.balance = x;
  }

  void see(std::map<workload_type, uint32_t> unknown, provider_list gpus) {
    std::lock_guard guard{mutex_};
    sight_.unknown = std::move(unknown);
    sight_.gpus = std::move(gpus);
  }

private:
  std::atomic<bool> refused_ = false;
  mutable std::mutex mutex_;
  sight sight_;
};

} // namespace render::account
