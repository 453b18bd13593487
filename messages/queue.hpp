#pragma once
// Messages of the QUEUE WATCHER, the SUPERVISOR and the JOB STORE about
// waiting, claimed and settled jobs.
#include "messages/fleet_place.hpp"
#include "messages/job.hpp"
#include "messages/webhook.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render::msg {

/// Asks the JOB STORE to answer as soon as `queue:jobs` has a head, at the
/// latest after `patience`. Leaves the list as it was.
struct await_work {
  std::chrono::milliseconds patience{30'000};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, await_work& x) {
  return f(x.patience);
}

/// Answer to `await_work`.
struct queue_head {
  bool present = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, queue_head& x) {
  return f(x.present);
}

/// Asks for the waiting jobs that no worker has leased, oldest first, without
/// touching them.
struct peek_queue {
  uint32_t limit = 100;
  /// Ids of jobs that the asker has seen already: only whether they still wait
  /// is answered.
  std::vector<job_id> known;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peek_queue& x) {
  return f(x.limit, x.known);
}

/// Answer to `peek_queue`: the claimable jobs, `limit` at most.
struct queue_snapshot {
  /// Jobs that are not in `peek_queue::known`, oldest first. `data` is left out
  /// when it is longer than 64 KiB.
  std::vector<job> waiting;
  /// Length of `queue:jobs`, jobs leased by other workers included.
  uint64_t queue_length = 0;
  /// Positions, from 0, of the jobs in `peek_queue::known` that still wait.
  std::vector<uint32_t> known = {};
  /// Of the asker.
  fleet_place place = {};
  /// All claimable jobs by type, shown or not, among the first 10,000 in the
  /// queue. For a long queue the counts may be some seconds old.
  std::map<std::string, uint64_t> waiting_by_type = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, queue_snapshot& x) {
  return f(x.waiting, x.queue_length, x.known, x.place, x.waiting_by_type);
}

/// At most `count` jobs of any of these types.
struct claim_quota {
  std::vector<std::string> types;
  uint32_t count = 0;

  friend bool operator==(const claim_quota&, const claim_quota&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claim_quota& x) {
  return f(x.types, x.count);
}

/// Claims the oldest jobs that fit the quotas, in one atomic step: leased to
/// this worker, out of the queue, status `running`. Jobs that can never run
/// (unknown type, past `complete_by`, record missing) come along in `unfit`.
struct claim_jobs {
  std::vector<claim_quota> quotas;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claim_jobs& x) {
  return f(x.quotas);
}

/// Claims one job by its id, for rejection without a GPU.
struct claim_unfit {
  render::job_id job_id;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claim_unfit& x) {
  return f(x.job_id);
}

/// A claimed job that is to be settled as failed at once.
struct unfit_job {
  job subject;
  failure reason;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unfit_job& x) {
  return f(x.subject, x.reason);
}

/// Answer to `claim_jobs` and `claim_unfit`. All jobs in it belong to this
/// worker now.
struct claimed_jobs {
  std::vector<job> jobs;
  std::vector<unfit_job> unfit;
  /// True when the queue still holds ids after this claim.
  bool more_waiting = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claimed_jobs& x) {
  return f(x.jobs, x.unfit, x.more_waiting);
}

/// Puts a claimed job back at the head of the queue as it was: `queued`,
/// without a lease. Does nothing when the job is not this worker's any more.
struct release_job {
  render::job_id job_id;
  /// Fence of the claim that is given up.
  uint64_t fence = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, release_job& x) {
  return f(x.job_id, x.fence);
}

/// Writes progress when it has changed, and asks in the same round trip whether
/// this worker still owns the job. `stage` and `progress` are fields that
/// workers add to the record.
struct report_progress {
  render::job_id job_id;
  /// "fetch", "render 12/25" …; empty: only ask.
  std::string stage;
  /// 0 to 1; negative: unknown.
  double progress = -1;
  /// Fence of the claim under which the job runs.
  uint64_t fence = 0;
  /// The answer that the worker owns the job may come so much later, so that
  /// many jobs are asked about at once; that it does not comes within a second.
  std::chrono::milliseconds patience{0};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, report_progress& x) {
  return f(x.job_id, x.stage, x.progress, x.fence, x.patience);
}

/// Answer to `report_progress`.
struct ownership {
  /// False once the front end has written a final status, the record is gone,
  /// or another worker owns the job.
  bool ours = true;
  /// Status in the record; empty when the record is gone.
  std::string status;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ownership& x) {
  return f(x.ours, x.status);
}

/// RENDERER → JOB STORE: where the render runs, so that a new owner of the job
/// can follow it. Empty: it runs nowhere any more. Loss is harmless.
struct note_remote {
  render::job_id job_id;
  uint64_t fence = 0;
  /// Opaque to all but the plan that wrote it.
  std::string remote;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note_remote& x) {
  return f(x.job_id, x.fence, x.remote);
}

/// An attempt has failed and another begins under the same claim. It is written
/// to the job's record, so that a later owner counts it too.
struct note_attempt {
  /// Its `attempt` and `history` are the new ones.
  job subject;
  /// On which the failed one ran: its entry in the launch ledger; may be empty.
  ledger_id gpu = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note_attempt& x) {
  return f(x.subject, x.gpu);
}

/// Writes the final status, the result and the webhook's outbox entry in one
/// atomic step, only while this worker owns the job. The JOB STORE keeps trying
/// until Redis has answered, and is safe to ask twice.
struct settle_job {
  job subject;
  job_outcome outcome;
  /// On which it ran last: its entry in the launch ledger; may be empty.
  ledger_id gpu = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, settle_job& x) {
  return f(x.subject, x.outcome, x.gpu);
}

/// Answer to `settle_job`.
struct job_settled {
  render::job_id job_id;
  /// False when this worker did not own the job any more: nothing was written.
  bool written = false;
  /// Zero or one: the webhook that this settling put into the outbox.
  std::vector<webhook> webhooks;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_settled& x) {
  return f(x.job_id, x.written, x.webhooks);
}

/// SUPERVISOR → QUEUE WATCHER: what could be started right now.
struct capacity {
  /// One entry for each workload type that this worker serves. `count` is the
  /// number of free slots and may be 0.
  std::vector<claim_quota> free;
  /// How many jobs the SUPERVISOR has received from this watcher so far, so
  /// that jobs on their way are not counted twice.
  uint64_t jobs_received = 0;
  /// False while draining: claim nothing, report nothing.
  bool accepting = true;
  /// Since when the GPU that worked last, of those with a free slot, has been
  /// idle, by the steady clock; 0: it works, or there is none.
  double idle_since_s = 0;

  friend bool operator==(const capacity&, const capacity&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, capacity& x) {
  return f(x.free, x.jobs_received, x.accepting, x.idle_since_s);
}

/// SUPERVISOR → QUEUE WATCHER: a decision needs the backlog. A fresh `backlog`
/// follows.
struct look_now {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_now&) {
  return f();
}

/// QUEUE WATCHER → SUPERVISOR: claimed jobs that need a slot, or, in `unfit`, a
/// rejection.
struct jobs_claimed {
  std::vector<job> jobs;
  std::vector<unfit_job> unfit;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, jobs_claimed& x) {
  return f(x.jobs, x.unfit);
}

/// QUEUE WATCHER → SUPERVISOR: jobs that wait and could not be claimed because
/// no slot was free. Sent on every change, and again while that lasts.
struct backlog {
  /// Claimable jobs by record type ("csm" …).
  std::map<std::string, uint64_t> waiting_by_type;
  /// Unix seconds at which the oldest waiting job was created; 0: none waits.
  double oldest_created_at_s = 0;
  /// Jobs of `waiting_by_type` that are known to have no inputs to fetch.
  std::map<std::string, uint64_t> without_inputs = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backlog& x) {
  return f(x.waiting_by_type, x.oldest_created_at_s, x.without_inputs);
}

} // namespace render::msg
