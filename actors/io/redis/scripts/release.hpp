#pragma once
// Puts a job back at the head of the queue, if the worker still holds this
// claim of it.
//
// Changes: the record, its lock, the running set, the leases, the queue.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct release_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
};

script_call call_of(const release_args& x);

// Its answer: 1, or 0 when the claim was not the worker's.

} // namespace render::job_store
