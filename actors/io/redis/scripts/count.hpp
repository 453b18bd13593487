#pragma once
// Counts what waits in a long queue a piece at a time, so that no script holds
// Redis up for long.
//
// Changes: the kept count, once it is complete.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"

#include <map>

namespace render::job_store {

struct count_terms {
  /// Most ids to look at in all.
  uint32_t ids_max = 10'000;
  /// Ids of a piece; a shorter queue is counted at each look.
  uint32_t piece = 1'000;
  /// For how long the count of a longer one serves all workers.
  milliseconds kept{2'000};
};

/// As far as a count has come.
struct queue_count {
  /// The claimable jobs of each type, in the order of `job_types`, with spaces
  /// between.
  std::string counts;
  bool complete = true;
  /// Ids looked at, and the last one of them.
  uint64_t ids = 0;
  std::string last_id;
};

struct count_args {
  worker_terms worker;
  /// Unix seconds.
  double now_s = 0;
  count_terms terms;
  queue_count so_far;
};

std::map<std::string, uint64_t> by_type(const queue_count& x);

script_call call_of(const count_args& x);

/// Of {counts, ids looked at, the last one of them, 1 when there are no more}.
result<queue_count> read_count(reply x);

} // namespace render::job_store
