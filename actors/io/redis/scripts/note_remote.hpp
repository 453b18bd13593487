#pragma once
// Remembers where a job's render runs, if the job is the worker's.
//
// Changes: the record.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct note_remote_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
  /// Empty: nowhere.
  std::string remote;
};

script_call call_of(const note_remote_args& x);

// Its answer: 1, or 0 when it is not the worker's.

} // namespace render::job_store
