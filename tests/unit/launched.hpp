#pragma once
#include "actors/supervisor/launching.hpp"

namespace render::supervisor::launching {

/// GPUs that the plan launches.
inline uint32_t launched(const plan& x) {
  auto* order = std::get_if<launch>(&x.what);
  return order ? order->gpus : 0;
}

} // namespace render::supervisor::launching
