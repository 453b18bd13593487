#pragma once
// Puts jobs whose lease has run out back at the head of the queue, whoever held
// them; their attempt counts, for a job that kills its workers must not run for
// ever. Counts the workers that do so.
//
// Changes, of each such job: the record, its lock, the owner's running set, the
// queue; the leases; and the workers.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct recover_args {
  worker_terms worker;
  /// Most jobs.
  uint32_t most = 100;
  /// For how long the worker is counted.
  milliseconds counted{90'000};
};

script_call call_of(const recover_args& x);

struct recover_answer {
  struct recovered_job {
    std::string id;
    std::string former_owner;
    uint32_t attempt = 0;
  };

  std::vector<recovered_job> jobs;
  /// As `until_next_look` takes it.
  int64_t next_due_ms = -1;
  uint32_t workers = 1;
};

/// Of {ms until the first lease runs out (-1: there is none), array of {id,
/// former owner, attempt}, number of workers}.
result<recover_answer> read_recover(reply x);

} // namespace render::job_store
