#pragma once
// Claims waiting jobs that fit quotas.
//
// Changes: the queue; of each job that is taken its record, its lock, the
// leases and the running set; the records that it makes for ids without one;
// the mark, when something was taken.
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "messages/queue.hpp"

namespace render::job_store {

struct claim_args {
  claimer by;
  /// Most unfit jobs to take.
  uint32_t unfit_max = 16;
  /// `passed`: the id after which to go on once the first hundred ids are seen
  /// (may be empty, or gone: then nothing is left out). `left`: the queue as
  /// the last claim has left it (empty: not known; when it is still the same,
  /// nothing is looked at).
  ended_walk last;
  std::vector<msg::claim_quota> quotas;
};

script_call call_of(const claim_args& x);

// Its answer: `read_claim`. There, of the walk, `passed` is the last of the ids
// left in the queue before which no job for these quotas waits, "" when there
// is none (jobs that others hold do not count as waiting); `left` is the queue,
// for the next claim of these types, "" when it may come to have something for
// them just as it is.

} // namespace render::job_store
