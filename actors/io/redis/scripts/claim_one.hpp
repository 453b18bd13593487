#pragma once
// Claims one job whatever its type, or nothing when it is not claimable.
//
// Changes what `claim` does, of this job; and where its record is missing, the
// records that it makes for other ids without one.
#include "actors/io/redis/scripts/claimed_jobs.hpp"

namespace render::job_store {

struct claim_one_args {
  claimer by;
  std::string job_id;
};

script_call call_of(const claim_one_args& x);

// Its answer: `read_claim`; `unfit` has the job when its record is missing, or
// has a flaw.

} // namespace render::job_store
