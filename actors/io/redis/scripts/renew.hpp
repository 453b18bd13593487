#pragma once
// Renews the leases of jobs that the worker holds.
//
// Changes, of each job that is still the worker's under this claim: its lock,
// the leases.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct renew_args {
  struct claim {
    std::string job_id;
    uint64_t fence = 0;
  };

  worker_terms worker;
  std::vector<claim> claims;
};

script_call call_of(const renew_args& x);

// Its answer: `read_ids`, the jobs that are not the worker's any more.

} // namespace render::job_store
