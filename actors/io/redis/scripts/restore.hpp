#pragma once
// Makes a claim again that Redis had confirmed and then lost. What stands there
// now is from before, or was made by somebody since.
//
// Changes, unless Redis has lost nothing of it or somebody else had it since:
// the record, its lock, the running set, the leases, the queue.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job.hpp"

namespace render::job_store {

struct restore_args {
  /// A lease of 0: nobody works on it, so it has no lock.
  worker_terms worker;
  job subject;
  /// That had it.
  node_id session;
  /// The latest confirmed write about it.
  uint64_t confirmed = 0;
  /// Unix seconds.
  double now_s = 0;
};

enum class restore_answer : uint8_t {
  /// Redis lost nothing of it.
  known,
  /// It is the worker's again.
  restored,
  /// Somebody else had it since, or it has a final status.
  taken,
};

script_call call_of(const restore_args& x);

restore_answer read_restore(const result<reply>& x);

} // namespace render::job_store
