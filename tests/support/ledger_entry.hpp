#pragma once
// An entry of the launch ledger, for tests that care about its lease alone.
#include "messages/gpu_ledger.hpp"

namespace render::harness {

inline gpu_entry running_entry() {
  gpu_entry out;
  out.id = "e1";
  out.type = "media:fast";
  out.state = gpu_entry_state::running;
  out.workload = "wl-1";
  return out;
}

} // namespace render::harness
