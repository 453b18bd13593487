#include "messages/gpu.hpp"

#include "messages/gpu_ledger.hpp"

namespace render {

std::string_view to_string(gpu_phase phase) noexcept {
  switch (phase) {
  case gpu_phase::launching:
    return "launching";
  case gpu_phase::booting:
    return "booting";
  case gpu_phase::ready:
    return "ready";
  case gpu_phase::draining:
    return "draining";
  case gpu_phase::stopping:
    return "stopping";
  case gpu_phase::gone:
    return "gone";
  }
  return "unknown";
}

std::string_view to_string(gpu_entry_state state) noexcept {
  switch (state) {
  case gpu_entry_state::intent:
    return "intent";
  case gpu_entry_state::running:
    return "running";
  case gpu_entry_state::ready:
    return "ready";
  case gpu_entry_state::stopping:
    return "stopping";
  }
  return "intent";
}

gpu_entry_state gpu_entry_state_from(std::string_view text) noexcept {
  for (auto x : {gpu_entry_state::running, gpu_entry_state::ready,
                 gpu_entry_state::stopping})
    if (text == to_string(x))
      return x;
  return gpu_entry_state::intent;
}

} // namespace render
