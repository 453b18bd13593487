#pragma once
// The JOB STORE: the only actor that speaks to Redis. A request becomes one
// script, its reply one answer; the connection lives on a thread of its own
// (redis_loop). Final writes are tried until Redis has answered. When this
// actor dies, waiting requests fail and claimed jobs stay locked to us.
#include "actors/io/redis/durable/claim_hold.hpp"
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/link/loop.hpp"
#include "actors/io/redis/queue_walk.hpp"
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
  /// Unique among all workers, the Python ones included.
  std::string worker_id;
  /// In front of every key of our own.
  std::string prefix = "c3:";
  /// Expiry of `job:{id}:lock`; refreshed with the lease.
  std::chrono::seconds lock_ttl{300};
  /// Progress that is still the same is written again this often; in between,
  /// a report only asks whose the job is.
  milliseconds progress_kept{10'000};
  /// How long a job stays ours without a sign of life; renewed at a third.
  milliseconds lease{30'000};
  /// What dead workers left is looked for when the first lease runs out, this
  /// long after the last look at least …
  milliseconds recover_min{1'000};
  /// … and this long after one that failed.
  milliseconds recover_interval{5'000};
  /// Between the looks of two workers, of which the first look at once.
  milliseconds recover_turn{250};
  uint32_t recover_max = 100;
  /// Ended GPUs that are remembered.
  uint32_t closed_gpus_max = 1'000;
  /// A reply that takes longer ends the connection. Keep it well below the
  /// timeouts of those who ask.
  milliseconds command_timeout{5'000};
  /// How far into the queue a claim or a peek looks.
  uint32_t scan_max = 10'000;
  /// Between two claims that walk through all of the queue. A job between
  /// others that becomes claimable where it stands, as when a Python worker's
  /// lock runs out, is found this late at most.
  milliseconds walk_whole_every{5'000};
  /// Most unfit jobs that one claim brings along.
  uint32_t unfit_max = 16;
  /// A longer queue is counted by one worker at a time, whose count holds for
  /// this long.
  uint32_t count_each_max = 1'000;
  milliseconds count_kept{2'000};
  /// A job that was handed out and never asked about goes back after this …
  milliseconds unheard_max{120'000};
  /// … and a ledger entry that was, and that nobody writes, is left to others.
  milliseconds unheld_max{600'000};
  /// Longest `data` that a peek carries, bytes.
  uint32_t peek_data_max = 64u << 10;
  /// A new outbox entry is ours to deliver for this long.
  milliseconds outbox_lease{60'000};
  /// Makes the MAC of outbox entries; the same for all workers. Secret. Empty:
  /// webhooks are not signed, and entries are not either.
  std::string outbox_key;
  /// Of a record that had to be made for a queued id without one.
  std::chrono::seconds made_record_ttl{86'400};
  uint32_t dead_letter_max = 10'000;
  /// Between two tries of a final write.
  milliseconds retry_min{100};
  milliseconds retry_max{5'000};
  /// How often the queue is looked at on a Redis without BLMOVE.
  milliseconds poll_interval{250};
  /// After an outage nothing is claimed for as long as it lasted, but for this
  /// at least; and at most for `link_options::backoff_max`.
  milliseconds claim_hold_min{500};
  /// After a lost answer, when to look once more for jobs it left behind.
  milliseconds reconcile_delay{10'000};
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

  using write_handler = std::function<void(const result<job_store::reply>&,
                                           job_store::write_number)>;

  /// A write that is repeated until Redis has answered it.
  struct lasting_write {
    std::function<job_store::command(job_store::write_number)> make;
    std::vector<write_handler> askers;
    /// Of the latest try.
    job_store::write_number number = 0;
    bool under_way = false;
    /// `make` is newer than the try under way.
    bool changed = false;
  };

  job_store::config cfg;
  job_store_deps deps;
  uint64_t last_id = 0;
  /// Commands under way, by id.
  std::map<uint64_t, handler> pending;
  /// By what is written, of which claim.
  std::map<std::string, lasting_write> writes;
  /// Names of `writes` to be tried again, in the order they failed.
  std::vector<std::string> failed_writes;
  job_store::milliseconds retry_delay{0};
  bool retry_armed = false;
  struct claimed_job {
    /// Of the latest claim.
    uint64_t fence = 0;
    caf::actor_clock::time_point since;
    /// Somebody has asked or said something of it under this claim.
    bool heard_of = false;
  };
  /// Jobs that were handed out and neither settled nor released.
  std::map<std::string, claimed_job> claimed;
  job_store::written_progress progress;
  /// Names this process' mark in Redis: worker id and start time.
  std::string session;
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
  bool renewing = false;
  std::vector<std::function<void(bool lost)>> loss_askers;
  /// Of `restore_all`: writes that are not answered yet.
  size_t restores_open = 0;
  job_store::takeover_grace grace;
  fleet_place place;
  struct held_entry {
    /// Nobody before the first write.
    caf::actor_addr holder;
    caf::actor_clock::time_point since;
  };
  /// The ledger entries that are ours, by id.
  std::map<std::string, held_entry> gpus;
  uint32_t claims_under_way = 0;
  job_store::claim_hold claim_hold;
  /// To be claimed when that is over, or failed when Redis is away again.
  struct held_claim {
    caf::typed_response_promise<msg::claimed_jobs> to;
    std::function<void()> claim;
  };
  std::vector<held_claim> held_claims;
  job_store::queue_walk walk;
  /// How often to look for jobs that a lost answer left behind.
  uint32_t reconciles_due = 0;
  std::vector<caf::typed_response_promise<msg::queue_head>> awaiting;
  double awaiting_until_s = 0;
  bool wait_under_way = false;
  bool has_blmove = true;
  std::map<uint32_t, uint64_t> timer_generations;
  /// Last: a thread behind it uses nothing of the above, but is joined first.
  std::unique_ptr<job_store::redis_link> link;
};

/// Lives until it gets an exit message: its loop holds a handle of it.
job_store_shell_actor::behavior_type job_store_behavior(
  job_store_shell_actor::stateful_pointer<job_store_state> self,
  job_store::config cfg, job_store_deps deps);

} // namespace render
