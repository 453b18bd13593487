#pragma once
// Writes progress, renews the lease, and asks who owns the job.
//
// Changes, if the job is the worker's: the record, its lock, the leases.
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/queue.hpp"

namespace render::job_store {

struct progress_args {
  worker_terms worker;
  /// Without a stage it only renews.
  msg::report_progress said;
  /// Unix seconds.
  double now_s = 0;
};

script_call call_of(const progress_args& x);

// Its answer: `read_owner`.

} // namespace render::job_store
