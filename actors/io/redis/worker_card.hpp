#pragma once
// What a worker says of itself in its heartbeats, beside how it fares. Pure.
#include "messages/job.hpp"
#include "messages/provider_list.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace render::job_store {

/// Does not change while the process lives.
struct worker_card {
  /// Of the program.
  std::string version;
  std::string host;
  /// Where other workers reach it; empty: nowhere.
  std::string cluster;
  uint32_t slots_per_gpu = 1;
  uint32_t max_gpus = 1;
  /// In force, NAME=value, a line each, with secrets masked.
  std::string settings = {};
  std::map<job_kind, workload_type> workload_of_kind = {};
};

/// One line, with secrets masked.
struct noted_error {
  /// Empty: there was none.
  std::string text;
  /// Unix seconds.
  double at_s = 0;
};

/// What the provider says of the account.
struct account_balance {
  /// In the provider's own unit.
  double amount = 0;
  /// Unix seconds.
  double at_s = 0;
};

/// What the provider has told; nothing: it does not tell it, or has not been
/// asked yet.
struct account_seen {
  std::optional<account_balance> balance = {};
  std::optional<provider_list> gpus = {};
};

using account_reader = std::function<account_seen()>;

using error_reader = std::function<noted_error()>;

} // namespace render::job_store
