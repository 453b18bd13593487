#pragma once
// Writes a ledger entry, unless another worker owns it, or another entry has
// its workload. Its `intent_at` is now at the latest, by Redis' clock.
//
// Changes: the entry, the ledger, the mark.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct write_gpu_args {
  /// A lease of 0: what is left of the one the entry has.
  worker_terms worker;
  mark_move mark;
  std::string id;
  /// As `gpu_fields` gives them.
  std::vector<std::string> fields;
};

script_call call_of(const write_gpu_args& x);

// Its answer: `read_as_owner`.

} // namespace render::job_store
