#pragma once
// Remembers a failed attempt with the job, if it is the worker's.
//
// Changes: the record.
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job.hpp"

namespace render::job_store {

struct note_attempt_args {
  worker_terms worker;
  /// With the number of the new attempt, and the history.
  job subject;
};

script_call call_of(const note_attempt_args& x);

// Its answer: 1, or 0 when it is not the worker's.

} // namespace render::job_store
