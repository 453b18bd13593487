#pragma once
// The ACCOUNT: asks the provider now and then what is left of the money, and
// which GPUs run, beside those of the launch ledger. Nothing is decided by it;
// when it fails, people see less.
#include "actors/account/note.hpp"
#include "actors/account/policy.hpp"
#include "actors/io/gpu_cloud/comput3.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/timer.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace render {

struct account_deps {
  http_actor http;
  gpu_cloud_actor cloud;
  gpu_ledger_actor ledger;
  wall_clock now;
  logger log;
  /// Never null.
  std::shared_ptr<account::note> note;
};

struct account_state {
  static inline const char* name = "account";
  account::config cfg;
  gpu_cloud::config cloud;
  account_deps deps;
  std::optional<double> last_s;
  /// The same of the list alone.
  std::optional<double> last_list_s;
  bool looking = false;
};

using account_actor = caf::typed_actor<caf::reacts_to<msg::timer_due>>;

/// Begins at once. `cloud`: how the API is reached.
account_actor::behavior_type
account_behavior(account_actor::stateful_pointer<account_state> self,
                 account::config cfg, gpu_cloud::config cloud,
                 account_deps deps);

} // namespace render
