#pragma once
// What the QUEUE WATCHER, the SUPERVISOR and the JOB STORE say to each other
// about waiting, claimed and settled jobs.
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
  /// The job that stands there.
  std::string id = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, queue_head& x) {
  return f(x.present, x.id);
}

/// Asks for the jobs that wait and that nobody holds, oldest first, without
/// touching them.
struct peek_queue {
  uint32_t limit = 100;
  /// Ids of jobs that the asker has seen: it wants to know whether they still
  /// wait, and no more.
  std::vector<std::string> known;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, peek_queue& x) {
  return f(x.limit, x.known);
}

/// Answer to `peek_queue`: the claimable jobs, `limit` at most.
struct queue_snapshot {
  /// Those that are not known, oldest first. `data` is left out where it is
  /// longer than 64 KiB.
  std::vector<job> waiting;
  /// Length of `queue:jobs`, jobs held by other workers included.
  uint64_t queue_length = 0;
  /// Positions in `peek_queue::known`, from 0, of those that are.
  std::vector<uint32_t> known = {};
  /// Of the asker.
  fleet_place place = {};
  /// All claimable jobs by type, shown or not, of the first 10,000 in the
  /// queue. Of a long queue this may be some seconds old.
  std::map<std::string, uint64_t> waiting_by_type = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, queue_snapshot& x) {
  return f(x.waiting, x.queue_length, x.known, x.place, x.waiting_by_type);
}

/// So many jobs of any of these types.
struct claim_quota {
  std::vector<std::string> types;
  uint32_t count = 0;

  friend bool operator==(const claim_quota&, const claim_quota&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claim_quota& x) {
  return f(x.types, x.count);
}

/// Claims the oldest jobs that fit the quotas, in one atomic step: locked for
/// us, out of the queue, status `running`. Jobs that can never run (unknown
/// type, past `complete_by`, record missing) come along in `unfit`.
struct claim_jobs {
  std::vector<claim_quota> quotas;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, claim_jobs& x) {
  return f(x.quotas);
}

/// Claims one job by its id, for rejection without a GPU.
struct claim_unfit {
  std::string job_id;
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

/// Answer to `claim_jobs` and `claim_unfit`. All jobs in it are ours now.
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
/// unlocked. Does nothing when it is not ours any more.
struct release_job {
  std::string job_id;
  /// Of the claim that is given up.
  uint64_t fence = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, release_job& x) {
  return f(x.job_id, x.fence);
}

/// Writes progress, if it is news, and asks in the same round trip whether the
/// job is still ours. `stage` and `progress` are our own fields of the record.
struct report_progress {
  std::string job_id;
  /// "fetch", "render 12/25" …; empty: only ask.
  std::string stage;
  /// 0 to 1; negative: unknown.
  double progress = -1;
  /// Of the claim under which the job runs.
  uint64_t fence = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, report_progress& x) {
  return f(x.job_id, x.stage, x.progress, x.fence);
}

/// Answer to `report_progress`.
struct ownership {
  /// False once the front end has written a final status, the record is gone,
  /// or another worker holds the job.
  bool ours = true;
  /// The status found; empty when the record is gone.
  std::string status;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ownership& x) {
  return f(x.ours, x.status);
}

/// RENDERER → JOB STORE: where the render runs, so that a new owner can go on
/// following it. Empty: nowhere any more. Loss is harmless.
struct note_remote {
  std::string job_id;
  uint64_t fence = 0;
  /// Opaque to all but the plan that wrote it.
  std::string remote;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note_remote& x) {
  return f(x.job_id, x.fence, x.remote);
}

/// An attempt has failed and another begins under the same claim: remembered
/// with the job, so that it counts whoever goes on with it.
struct note_attempt {
  /// Its `attempt` and `history` are the new ones.
  job subject;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, note_attempt& x) {
  return f(x.subject);
}

/// Writes the final status, the result and the webhook's outbox entry in one
/// atomic step, only while the job is ours. The JOB STORE keeps trying until
/// Redis has answered, and is safe to ask twice.
struct settle_job {
  job subject;
  job_outcome outcome;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, settle_job& x) {
  return f(x.subject, x.outcome);
}

/// Answer to `settle_job`.
struct job_settled {
  std::string job_id;
  /// False when the job was not ours any more: nothing was written.
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
  /// One entry a workload type that has free slots or takes part at all.
  /// `count` is the number of free slots, 0 is allowed.
  std::vector<claim_quota> free;
  /// How many jobs the SUPERVISOR has received from this watcher so far, so
  /// that jobs on their way are not counted twice.
  uint64_t jobs_received = 0;
  /// False while draining: claim nothing, report nothing.
  bool accepting = true;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, capacity& x) {
  return f(x.free, x.jobs_received, x.accepting);
}

/// SUPERVISOR → QUEUE WATCHER: something is to be decided by what waits. A
/// `backlog` that was seen since, or is about to be, follows.
struct look_now {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_now&) {
  return f();
}

/// QUEUE WATCHER → SUPERVISOR: jobs that are ours now and want a slot, or, in
/// `unfit`, a rejection.
struct jobs_claimed {
  std::vector<job> jobs;
  std::vector<unfit_job> unfit;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, jobs_claimed& x) {
  return f(x.jobs, x.unfit);
}

/// QUEUE WATCHER → SUPERVISOR: what waits and could not be claimed for want of
/// a slot. Sent on every change, and again while it lasts.
struct backlog {
  /// Claimable jobs by record type ("csm" …).
  std::map<std::string, uint64_t> waiting_by_type;
  /// Unix seconds at which the oldest of them was created; 0 when none.
  double oldest_created_at_s = 0;
  /// Those of `waiting_by_type` that are known to have no inputs to fetch.
  std::map<std::string, uint64_t> without_inputs = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, backlog& x) {
  return f(x.waiting_by_type, x.oldest_created_at_s, x.without_inputs);
}

} // namespace render::msg
