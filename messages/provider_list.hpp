#pragma once
// The provider's list of running GPUs beside the launch ledger, as one worker
// has seen both. Its heartbeats tell it; nothing is decided by it.
#include "messages/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

struct provider_list {
  /// More GPUs than that are only counted.
  static constexpr size_t shown_most = 20;

  /// A GPU that runs at the provider, and that no entry of the ledger names.
  struct unknown_gpu {
    workload_id workload;
    workload_type type;
    /// Unix seconds, as the provider says; 0: it does not.
    double created_s = 0;
    /// Unix seconds: the first look that saw it so.
    double since_s = 0;

    friend bool operator==(const unknown_gpu&, const unknown_gpu&) = default;
  };

  /// A GPU of the ledger that is not on the list.
  struct lost_gpu {
    ledger_id id;
    workload_id workload;
    workload_type type;
    /// Unix seconds: the first look that saw it so.
    double since_s = 0;

    friend bool operator==(const lost_gpu&, const lost_gpu&) = default;
  };

  /// Unix seconds: when the list was asked for.
  double at_s = 0;
  /// Running GPUs of each type that was compared with the ledger.
  std::map<workload_type, uint32_t> types;
  /// Running GPUs of all other types.
  uint32_t others = 0;
  /// `shown_most` at most, and how many more there are.
  std::vector<unknown_gpu> unknown;
  uint32_t more_unknown = 0;
  std::vector<lost_gpu> lost;
  uint32_t more_lost = 0;

  /// The two agree.
  bool agrees() const noexcept {
    return unknown.empty() && lost.empty();
  }

  friend bool operator==(const provider_list&, const provider_list&) = default;
};

std::string provider_list_json(const provider_list& x);
/// Of what somebody wrote, as far as it can be true; nothing: it says nothing.
std::optional<provider_list> read_provider_list(std::string_view text);

} // namespace render
