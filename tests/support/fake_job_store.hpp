#pragma once
// The queue, the job records and the outbox in memory, behind the JOB STORE
// interface. A test pushes jobs, writes like a front end, and reads the
// records.
#include "app/harness/event_log.hpp"
#include "messages/job_params.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/text/json.hpp"
#include "tests/support/fake_gpu_ledger.hpp"
#include "tests/support/later.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <string>

namespace render::harness {

/// Shared by the test and the actor. Events: "await", "claim", "peek",
/// "running ID", "progress ID STAGE", "settle ID STATUS", "release ID",
/// "webhook ID delivered|retry_later|dead".
struct fake_job_store {
  struct record {
    job subject;
    std::string status = "queued";
    std::string error;
    std::string result;
    std::string result_url;
    std::string stage;
    /// A Python worker's lock; the id stays in the queue.
    bool locked_elsewhere = false;
  };

  event_log_ptr log;
  std::function<double()> unix_now;
  std::deque<std::string> queue;
  std::map<std::string, record> jobs;
  /// Failures of the next settlings, in order.
  std::deque<failure> settle_failures;
  /// So many of the next settlings are never answered.
  uint32_t settles_ignored = 0;
  /// Webhooks of a dead worker, for a sweep.
  std::vector<webhook> left_webhooks;
  fake_gpu_ledger gpus;
  /// Claims that the SUPERVISOR confirmed last.
  std::vector<msg::job_claim> confirmed;
  /// What the SUPERVISOR has told of the worker last.
  msg::node_status told;
  size_t times_told = 0;
  /// What people have set for the fleet.
  msg::fleet_orders orders;
  /// Requests of any kind, except those about the launch ledger.
  uint64_t commands = 0;

  /// A `tick` to the actor must follow: it wakes waiting clients as Redis does.
  void push(job x);

  /// Cancels a job as a front end does.
  void cancel(const std::string& id, const std::string& status = "cancelled");

  msg::claimed_jobs claim(const std::vector<msg::claim_quota>& quotas);

  msg::job_settled settle(const msg::settle_job& x);
};

using fake_job_store_ptr = std::shared_ptr<fake_job_store>;
/// A `tick` answers requests that wait for work.
using fake_job_store_actor
  = job_store_actor::extend<caf::reacts_to<msg::timer_due>,
                            caf::reacts_to<caf::tick_atom>>;

struct fake_job_store_state {
  later timers;
  uint64_t last = 0;
  std::map<uint64_t, caf::typed_response_promise<msg::queue_head>> waiting;
  std::vector<caf::typed_response_promise<msg::job_settled>> ignored;
};

fake_job_store_actor::behavior_type fake_job_store_behavior(
  fake_job_store_actor::stateful_pointer<fake_job_store_state> self,
  fake_job_store_ptr world);

} // namespace render::harness
