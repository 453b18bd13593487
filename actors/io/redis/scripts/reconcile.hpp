#pragma once
// Takes back what a lost answer left behind: jobs in the worker's running set
// that its process does not know go to the head of the queue.
//
// Changes, of each such job: the record, its lock, the running set, the leases,
// the queue.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct reconcile_args {
  worker_terms worker;
  /// Job ids.
  std::vector<std::string> known;
};

script_call call_of(const reconcile_args& x);

// Its answer: `read_ids`, those that were put back.

} // namespace render::job_store
