#pragma once
// The provider's list beside the launch ledger, by what all heartbeats tell.
// Pure.
#include "app/records/open_gpu.hpp"
#include "app/records/worker_view.hpp"
#include "messages/provider_list.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::records {

struct provider_sight {
  /// Unix seconds: when the list was read, and how long ago that is.
  double at_s = 0;
  double age_s = 0;
  /// Running GPUs of types that workers rent, and of other types.
  uint64_t gpus = 0;
  uint64_t others = 0;
  /// What is in the ledger by now is left out.
  std::vector<provider_list::unknown_gpu> unknown;
  uint64_t more_unknown = 0;
  /// What the ledger has closed by now, or is closing, is left out.
  std::vector<provider_list::lost_gpu> lost;
  uint64_t more_lost = 0;
};

/// Of each type, what the worker says that has looked last. Nothing: no worker
/// has told it.
std::optional<provider_sight>
provider_of(const std::vector<worker_view>& workers,
            const std::vector<open_gpu>& ledger);

/// A launch whose answer was lost is found within this time.
bool is_young(const provider_list::unknown_gpu& x, double now_s);

/// "the provider listed 3 GPUs 12 s ago; all are in the ledger".
std::string provider_line(const provider_sight& x);

/// As the HTTP service and `c3ctl gpus --json` tell it.
std::string provider_json(const provider_sight& x);

} // namespace render::records
