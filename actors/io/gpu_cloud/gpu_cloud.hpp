#pragma once
// The GPU CLOUD actor: Comput3's API behind a typed interface. Keeps nothing:
// each call is one HTTP exchange, and the caller retries.
#include "actors/io/gpu_cloud/comput3.hpp"
#include "actors/log.hpp"
#include "messages/io_actors.hpp"
#include "messages/text/foreign_text.hpp"

#include <caf/all.hpp>

namespace render {

struct gpu_cloud_deps {
  http_actor http;
  logger log;
  /// For failure texts of a GPU or the API.
  secret_mask mask{};
};

struct gpu_cloud_state {
  static inline const char* name = "gpu-cloud";
  gpu_cloud::config cfg;
  gpu_cloud_deps deps;
};

gpu_cloud_actor::behavior_type
gpu_cloud_behavior(gpu_cloud_actor::stateful_pointer<gpu_cloud_state> self,
                   gpu_cloud::config cfg, gpu_cloud_deps deps);

} // namespace render
