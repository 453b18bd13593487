#pragma once
// Ends a ledger entry. A workload that another launch has written down, or
// ended, leaves the one of that launch to this entry: somebody has to look for
// it. Such two ends are seconds apart, so the latest hundred tell. Nobody owns
// it then, lest a renewal that is on its way keeps it from others.
//
// Changes, unless another worker owns it: the entry, the ledger, the closed
// list, the mark.
#include "actors/io/redis/scripts/gpu_entry.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct close_gpu_args {
  worker_terms worker;
  mark_move mark;
  msg::close_gpu what;
  /// Unix seconds.
  double now_s = 0;
  /// Ended GPUs that are remembered.
  uint32_t closed_max = 1'000;
};

/// The entry stays, and is left to others.
inline bool is_left_to_others(const result<reply>& x) {
  return x && x->integer == 2;
}

script_call call_of(const close_gpu_args& x);

// Its answer: `read_as_owner`.

} // namespace render::job_store
