#pragma once
// Looks at the claimable jobs, oldest first. Each worker without a free slot
// looks every few seconds, mostly at jobs that it has seen before: a number in
// the answer. Beyond those that are shown, jobs are only counted. That is a
// walk through all of the queue: of a long one its beginning is counted here,
// the asker goes on from there (see `count`), and the whole count serves all
// workers for a while.
//
// Changes: the kept count of a long queue.
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/queue.hpp"

namespace render::job_store {

struct peek_args {
  worker_terms worker;
  /// Unix seconds.
  double now_s = 0;
  /// Most jobs to return.
  uint32_t limit = 100;
  count_terms counting;
  /// Longest `data` that comes along, bytes.
  uint32_t data_max = 0;
  /// Ids of jobs that the asker has seen.
  std::vector<job_id> known;
};

struct peek_answer {
  /// Without the counts.
  msg::queue_snapshot seen;
  queue_count counted;
};

script_call call_of(const peek_args& x);

/// Of {queue length, array of job entries, array of positions among the known
/// ids, counts, where a count goes on}. A job's `data` is empty where it is too
/// long to come along, and "null", which no job accepts, where the record has
/// none or more than a job may have.
result<peek_answer> read_peek(reply x);

} // namespace render::job_store
