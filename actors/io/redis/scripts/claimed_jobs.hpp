#pragma once
// What the two scripts share that take jobs out of the queue: what they are
// told of the worker, how a job becomes its own, and their answer.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/queue_walk.hpp"
#include "actors/io/redis/scripts/told.hpp"

#include <optional>
#include <utility>

namespace render::job_store {

struct claimer {
  worker_terms worker;
  mark_move mark;
  /// Unix seconds.
  double now_s = 0;
  /// Lifetime of a record that is made for an id without one.
  std::chrono::seconds made_record{86'400};
  /// Most ids to look at.
  uint32_t ids_max = 10'000;
  ended_terms ended = {};
};

/// Queue, running set, leases, mark, events, ended jobs.
std::vector<std::string> keys_of(const claimer& x);
/// In the order in which `claimer_lua` takes them.
std::vector<std::string> argv_of(const claimer& x);
extern const std::string_view claimer_lua;

/// take(id): makes a job ours, and gives its entry and what is wrong with it:
/// 'fence', 'data' or false. take_missing(id), fail_missing(id): what becomes
/// of an id without a record. Need `event_lua` and `ended_lua`.
extern const std::string_view take_lua;

/// A job entry {id, attempt, type, created_at, complete_by, max_time, data,
/// fence, history, remote, …} becomes a job; missing elements count as absent
/// fields. Of the history no more than the last lines.
struct job_read {
  job subject;
  /// What counts as absent since it cannot be read, for the log.
  std::vector<std::string> unread;
};

job_read read_job(reply x);

struct claim_answer {
  struct unfit_job {
    job subject;
    failure reason;
  };

  uint64_t queue_length = 0;
  std::vector<job> jobs;
  std::vector<unfit_job> unfit;
  /// Job id and text, for the log.
  std::vector<std::pair<std::string, std::string>> remarks;
  /// Ids removed from the queue because their key holds something else.
  std::vector<std::string> dropped;
  /// None from a claim of one job.
  std::optional<ended_walk> walk;
  /// Ids without a record that were failed on the spot, beyond the unfit.
  uint64_t removed = 0;
};

/// Of {queue length after, claimed, unfit, dropped, passed, left, removed}:
///   claimed = array of job entries;
///   unfit = array of {reason, job entry}, reason: missing|type|expired, or
///     fence|data: the flaw is the record's fence, cut, or the length of its
///     data, of which only the `notify_url` comes along.
result<claim_answer> read_claim(reply x);

} // namespace render::job_store
