#pragma once
// Reads workers, GPUs and running jobs, and pauses the fleet.
#include "app/records/provider.hpp"
#include "app/records/redis.hpp"
#include "app/records/worker_view.hpp"
#include "messages/text/json.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace render::records {

/// The workers that live, by name.
result<std::vector<worker_view>> read_workers(redis& db);

/// By the end of their leases, the earliest first.
result<std::vector<open_gpu>> read_open_gpus(redis& db);

/// See `provider_of`.
result<std::optional<provider_sight>>
read_provider(redis& db, const std::vector<open_gpu>& ledger);

/// JSON objects of ended GPUs (docs/records.md), the latest first.
result<std::vector<json::document>> read_closed_gpus(redis& db, uint32_t limit);

struct leased_job {
  std::string id;
  record fields;
  /// Seconds; 0 or less when the lease has run out.
  double left_s = 0;
};

/// Leased jobs, those whose leases end first at the front.
result<std::vector<leased_job>> read_leased(redis& db, uint32_t limit);

/// Ledger ids of the GPUs that run them.
std::set<std::string> busy_gpus(const std::vector<leased_job>& running);

/// Since when, by whom and why launches are paused; empty: they are not.
result<record> read_pause(redis& db);

/// Whether anything has changed. The first pause stays; a reason that is given
/// later takes the place of its reason.
result<bool> pause_fleet(redis& db, const std::string& by,
                         const std::string& why);
result<bool> resume_fleet(redis& db, const std::string& by);

} // namespace render::records
