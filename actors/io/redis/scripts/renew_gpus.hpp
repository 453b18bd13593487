#pragma once
// Renews the leases of ledger entries that the worker owns.
//
// Changes: the ledger.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct renew_gpus_args {
  worker_terms worker;
  std::vector<std::string> ids;
};

script_call call_of(const renew_gpus_args& x);

// Its answer: `read_ids`, those that are not the worker's any more.

} // namespace render::job_store
