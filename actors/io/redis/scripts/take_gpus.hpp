#pragma once
// Takes over ledger entries whose lease has run out.
//
// Changes: the owner of each such entry, the ledger, the mark.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct take_gpus_args {
  worker_terms worker;
  mark_move mark;
  /// Most entries.
  uint32_t most = 100;
};

script_call call_of(const take_gpus_args& x);

/// Of {entries, all workloads in the ledger, ms until the first lease runs out
/// (-1: there is none)}, the workloads only when there are entries.
result<msg::gpus_taken> read_take_gpus(reply x);

} // namespace render::job_store
