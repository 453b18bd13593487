#pragma once
// The JOB STORE: the only actor that speaks to Redis. A request becomes one
// script, its reply one answer; the connection lives on a thread of its own
// (redis_loop). Final writes are tried until Redis has answered. When this
// actor dies, waiting requests fail and claimed jobs stay locked to us.
#include "actors/io/redis/durable/claim_hold.hpp"
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/durable/lasting_writes.hpp"
#include "actors/io/redis/holdings.hpp"
#include "actors/io/redis/link/loop.hpp"
#include "actors/io/redis/queue_walk.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/takeover_grace.hpp"
#include "actors/io/redis/written_progress.hpp"
#include "actors/log.hpp"
#include "messages/clock.hpp"
#include "messages/fleet_place.hpp"
#include "messages/job_store_actor.hpp"

#include <caf/all.hpp>

#include <map>
#include <optional>

// Stays inside the process: from the loop's thread to the actor.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::job_store::redis_events)

namespace render {

namespace job_store {

struct config {
  link_options redis;
  /// Its id is unique among all workers, the Python ones included. A lease is
  /// how long a job, or a ledger entry, stays ours without a sign of life; it
  /// is renewed at a third while its owner confirms it, the lock with it.
  worker_terms worker;
  /// A reply that takes longer ends the connection. Keep it well below the
  /// timeouts of those who ask.
  milliseconds command_timeout{5'000};
  /// How far into the queue a claim or a look goes, and how what waits there is
  /// counted.
  count_terms counting;
  /// Longest `data` that a look carries, bytes.
  uint32_t peek_data_max = 64u << 10;
  /// How often the queue is looked at on a Redis without BLMOVE.
  milliseconds poll_interval{250};

  struct claiming {
    /// Between two claims that walk through all of the queue. A job between
    /// others that becomes claimable where it stands, as when a Python worker's
    /// lock runs out, is found this late at most.
    milliseconds walk_whole_every{5'000};
    /// Most unfit jobs that one claim brings along.
    uint32_t unfit_max = 16;
    /// Lifetime of a record that is made for a queued id without one.
    std::chrono::seconds made_record{86'400};
    /// After an outage nothing is claimed for as long as it lasted, but for
    /// this at least; and at most for `link_options::backoff_max`.
    milliseconds hold_min{500};
    /// After a lost answer, when to look once more for jobs it left behind.
    milliseconds reconcile_delay{10'000};
  };
  claiming claims;

  struct recovery {
    /// What dead workers left is looked for when the first lease runs out, this
    /// long after the last look at least …
    milliseconds least{1'000};
    /// … and this long after one that failed.
    milliseconds after_failure{5'000};
    /// Between the looks of two workers, of which the first look at once.
    milliseconds turn{250};
    /// Jobs of one look.
    uint32_t most = 100;
  };
  recovery recover;

  /// Progress that is still the same is written again this often; in between,
  /// a report only asks whose the job is.
  milliseconds progress_kept{10'000};
  /// Between two tries of a final write.
  lasting_writes::pace retries;
  /// Ended GPUs that are remembered.
  uint32_t closed_gpus_max = 1'000;
  /// A new outbox entry is ours to deliver for this long.
  milliseconds outbox_lease{60'000};
  /// Makes the MAC of outbox entries; the same for all workers. Secret. Empty:
  /// webhooks are not signed, and entries are not either.
  std::string outbox_key;
  uint32_t dead_letter_max = 10'000;
};

} // namespace job_store

struct job_store_deps {
  wall_clock now;
  logger log;
  job_store::link_factory make_link = job_store::start_redis_loop;
  /// Not shared with another actor that lives.
  std::shared_ptr<job_store::journal> local
    = std::make_shared<job_store::no_journal>();
};

/// What the JOB STORE really speaks: its interface and the loop's batches. A
/// handle of it is a handle of `job_store_actor` as well.
using job_store_shell_actor = job_store_actor::extend<
  // INTERNAL: replies and changes of the connections.
  caf::reacts_to<job_store::redis_events>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

struct job_store_state {
  static inline const char* name = "job-store";

  using handler = std::function<void(result<job_store::reply>)>;

  job_store::config cfg;
  job_store_deps deps;
  uint64_t last_id = 0;
  /// Commands under way, by id.
  std::map<uint64_t, handler> pending;
  /// By what is written, of which claim.
  job_store::lasting_writes writes;
  /// Jobs that were handed out and neither settled nor released.
  job_store::holdings claimed;
  job_store::written_progress progress;
  /// What is kept because Redis may lose it.
  struct durable_state {
    node_id session;
    job_store::write_number last_number = 0;
    /// The highest number that Redis has answered.
    job_store::write_number confirmed = 0;
    /// Jobs from their claim until some time after their end.
    std::map<std::string, job_store::held_job> held;
    /// When to look next for such as may be forgotten.
    caf::actor_clock::time_point forgets_next_at;
    /// Ledger entries as Redis has confirmed them, by id. Those that are not
    /// among `gpus` are a dead worker's.
    std::map<std::string, job_store::held_gpu> held_gpus;
    /// What earlier processes left, until Redis is there.
    job_store::held left;
    /// Of these, jobs that stand in Redis since then, with nobody to look after
    /// them.
    std::vector<job_store::held_job> left_known;
    bool journal_failing = false;
    bool checking_loss = false;
    std::vector<std::function<void(bool lost)>> loss_askers;
    /// Of `restore_all`: writes that are not answered yet.
    size_t restores_open = 0;
  };
  durable_state durable;
  bool renewing = false;
  job_store::takeover_grace grace;
  fleet_place place;
  /// The ledger entries that are ours.
  job_store::holdings gpus;
  /// Who writes them.
  std::map<std::string, caf::actor_addr> gpu_writers;
  /// Claims that are asked for.
  struct claiming_state {
    uint32_t under_way = 0;
    job_store::claim_hold hold;
    /// To be claimed when that is over, or failed when Redis is away again.
    struct held_claim {
      caf::typed_response_promise<msg::claimed_jobs> to;
      std::function<void()> claim;
    };
    std::vector<held_claim> held;
    job_store::queue_walk walk;
    /// How often to look for jobs that a lost answer left behind.
    uint32_t reconciles_due = 0;
  };
  claiming_state claiming;
  /// The blocking look at the queue.
  struct waiting_state {
    std::vector<caf::typed_response_promise<msg::queue_head>> askers;
    double until_s = 0;
    bool under_way = false;
    bool has_blmove = true;
  };
  waiting_state waiting;
  std::map<uint32_t, uint64_t> timer_generations;
  /// Last: a thread behind it uses nothing of the above, but is joined first.
  std::unique_ptr<job_store::redis_link> link;
};

/// Lives until it gets an exit message: its loop holds a handle of it.
job_store_shell_actor::behavior_type job_store_behavior(
  job_store_shell_actor::stateful_pointer<job_store_state> self,
  job_store::config cfg, job_store_deps deps);

} // namespace render
