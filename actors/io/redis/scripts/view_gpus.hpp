#pragma once
// Reads all ledger entries of a workload type. Changes nothing.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct view_gpus_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  /// Workload type.
  std::string type;
  /// How many of the GPUs that ended last are looked at.
  uint32_t ended_max = 0;
};

script_call call_of(const view_gpus_args& x);

/// Of {entries, lines of the closed list}.
result<msg::gpus_seen> read_view_gpus(reply x);

} // namespace render::job_store
