#pragma once
// Asks who owns a job. Changes nothing.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct ask_owner_args {
  worker_terms worker;
  std::string job_id;
  uint64_t fence = 0;
};

struct owner_answer {
  bool ours = false;
  std::string status;
};

script_call call_of(const ask_owner_args& x);

/// Of {1 or 0: the worker's, status found or ""}.
result<owner_answer> read_owner(reply x);

} // namespace render::job_store
