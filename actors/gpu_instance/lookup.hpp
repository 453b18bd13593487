#pragma once
// Which workload a launch of unknown outcome has made. Everybody who looks at
// the same list and the same ledger gives each launch another workload. Pure.
#include "messages/gpu_ledger.hpp"

#include <optional>
#include <set>
#include <vector>

namespace render::gpu_instance {

/// The provider's clock and ours may differ by this much.
inline constexpr double clock_skew_s = 120;

/// Whether the workload has the type and the end that this launch asked for.
bool looks_like(const gpu_entry& launch, const gpu_workload& x);

/// Whether this launch can have made that workload, as far as type, lifetime
/// and time of creation tell.
bool could_have_made(const gpu_entry& launch, const gpu_workload& x);

/// The ids of those that look like the launch's workload.
std::vector<workload_id> lookalikes(const gpu_entry& launch,
                                    const std::vector<gpu_workload>& listed);

struct finding {
  /// Ours to use; empty when there is none yet, or when it is not certain.
  std::optional<gpu_workload> mine;
  /// Workloads without an entry that a launch of ours can have made.
  size_t candidates = 0;
  /// Launches without a workload, this one included, that one of them may
  /// belong to.
  size_t launches = 1;
  /// At least one is a stranger's, and nobody knows which.
  bool ambiguous = false;
};

/// `listed` has to be older than `ledger`: what was launched in between then
/// has its entry. `held` are workloads of other launches.
finding find_workload(const gpu_entry& mine,
                      const std::vector<gpu_workload>& listed,
                      const std::vector<gpu_entry>& ledger,
                      const std::set<workload_id>& held);

} // namespace render::gpu_instance
