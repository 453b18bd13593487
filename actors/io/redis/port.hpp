#pragma once
// What a duty sees of the world: settings, Redis, timers, two clocks, a log.
// The JOB STORE's actor is a port; a test is another.
#include "actors/io/redis/durable/lasting_writes.hpp"
#include "actors/io/redis/link/link.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/spend.hpp"
#include "actors/io/redis/scripts/told.hpp"
#include "actors/io/redis/store_counts.hpp"
#include "actors/io/redis/worker_card.hpp"
#include "actors/log.hpp"
#include "messages/fleet_place.hpp"
#include "messages/worker_place.hpp"

#include <memory>

namespace render::job_store {

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
  milliseconds progress_kept{120'000};
  /// How often it is asked, for all jobs at a time, whose they are. A cancelled
  /// job must stop within a second: the rest of that second is for the stop
  /// itself.
  milliseconds watch_every{800};
  /// Between two tries of a final write.
  lasting_writes::pace retries;
  /// Ended GPUs that are remembered.
  uint32_t closed_gpus_max = 1'000;
  /// Of the whole fleet: each worker has the same.
  spend_limits spending;
  /// A new outbox entry is ours to deliver for this long.
  milliseconds outbox_lease{60'000};
  /// Makes the MAC of outbox entries; the same for all workers. Secret. Empty:
  /// webhooks are not signed, and entries are not either.
  std::string outbox_key;
  uint32_t dead_letter_max = 10'000;
  /// Ended jobs that are remembered.
  ended_terms ended;
  /// A record is deleted this long after its job's end; 0: never.
  std::chrono::seconds record_kept{0};

  /// What heartbeats say of this worker.
  worker_card card;
  /// The latest error of the log. None: there is no such thing.
  error_reader last_error;
  /// None: there is no such thing.
  account_reader account;
  /// A heartbeat is shown for this long: about three of them.
  milliseconds heartbeat_kept{35'000};
  /// Never null.
  std::shared_ptr<store_counts> counts = std::make_shared<store_counts>();

  /// A worker is counted for this long after a sign of life: longer than the
  /// longest time between two looks for what dead ones have left.
  milliseconds counted() const {
    return 3 * worker.lease;
  }

  /// Others wait for the time of one lease after a refusal, but not for more.
  milliseconds renew_after_refusal() const {
    return std::min(recover.least, worker.lease / 3);
  }
};

using answer = result<reply>;

/// Hears the end of what somebody asked for.
template <class T>
using answer_to = std::function<void(result<T>)>;

enum timer : uint32_t {
  retry_writes,
  poll_queue,
  reconcile_again,
  renew_leases,
  recover_jobs,
  replay_again,
  look_at_left_gpus_again,
  claim_held_back,
  watch_jobs,
};

/// Redis is there, but full, read-only, or otherwise not willing.
inline bool is_refusal(const answer& x) {
  return x && x->type == reply::kind::error && is_outage(failure_of(x->text));
}

class port {
public:
  using handler = std::function<void(answer)>;
  using time_point = std::chrono::steady_clock::time_point;

  port(config terms, logger to)
    : cfg(std::move(terms)),
      log(std::move(to)), place{worker_place(cfg.worker.id)} {
    // nop
  }

  port(const port&) = delete;
  port& operator=(const port&) = delete;
  virtual ~port() = default;

  /// Calls `then` once, never before this returns.
  virtual void submit(channel where, command x, handler then) = 0;
  /// Takes the place of an earlier delay of the same timer.
  virtual void arm(timer which, milliseconds delay) = 0;
  virtual time_point now() const = 0;
  /// Unix time.
  virtual double now_s() const = 0;

  void run(command x, handler then) {
    x.timeout = cfg.command_timeout;
    submit(channel::commands, std::move(x), std::move(then));
  }

  void run(script_call x, handler then) {
    run(make_command(std::move(x)), std::move(then));
  }

  const config cfg;
  const logger log;
  /// Of this worker, as Redis has counted the workers last.
  fleet_place place;
};

} // namespace render::job_store
