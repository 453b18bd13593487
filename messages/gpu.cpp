#include "messages/gpu.hpp"

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

} // namespace render
