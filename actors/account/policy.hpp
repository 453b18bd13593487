#pragma once
// When the ACCOUNT looks at the provider's books, and what it concludes. Pure.
#include "actors/io/redis/worker_card.hpp"
#include "messages/gpu_ledger.hpp"
#include "messages/http.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace render::account {

struct config {
  /// Workload types that workers rent.
  std::vector<workload_type> types;
  std::chrono::seconds every{300};
  /// Between two looks at the list while it and the ledger do not agree, so
  /// that people soon see that they have mended it.
  std::chrono::seconds every_unlike{60};
  /// How often it is seen whether the provider wanted money.
  std::chrono::seconds step{15};
  /// A workload that is younger may be one whose launch has not been written
  /// down yet.
  std::chrono::seconds young{600};
  /// A GPU that was launched so short a time before is on its way to the list.
  std::chrono::seconds listed_within{120};
};

/// `last_s`: when the last look began; by the steady clock. `refused`: the
/// provider has wanted money since.
bool is_due(const config& cfg, double now_s, std::optional<double> last_s,
            bool refused);

/// Whether the list alone is to be looked at. `last_s`: when it was last.
bool is_list_due(const config& cfg, double now_s, std::optional<double> last_s,
                 bool agrees);

/// The balance after an answer to the question for it. `known`: what it was
/// before, which stays while the provider does not answer it. None: it tells no
/// balance. `now_s`: Unix time.
std::optional<job_store::account_balance>
after_balance(const result<http_response>& got,
              const std::optional<job_store::account_balance>& known,
              double now_s);

/// Of each of our types, how many GPUs run that the ledger does not know:
/// neither an entry nor one that has ended names them. Somebody has rented them
/// by hand, or they were lost. `now_s`: Unix time.
std::map<workload_type, uint32_t>
unknown_of(const config& cfg, const std::vector<gpu_workload>& list,
           const std::set<workload_id>& known, double now_s);

/// What the launch ledger says of our types.
struct ledger_sight {
  std::vector<gpu_entry> entries;
  /// Of entries that have ended.
  std::set<workload_id> ended;

  std::set<workload_id> known() const;
};

/// The list that was asked for at `now_s` (Unix time) beside the ledger, which
/// was read after it. `before`: what the last look saw. Unlike `unknown_of` it
/// holds young GPUs too.
provider_list compare(const config& cfg, const std::vector<gpu_workload>& list,
                      const ledger_sight& ledger,
                      const std::optional<provider_list>& before, double now_s);

} // namespace render::account
