#pragma once
// The GPU CLOUD actor: Comput3's API behind a typed interface. A call is one
// HTTP exchange, and the caller retries; only a list of the workloads may serve
// several askers.
#include "actors/io/gpu_cloud/comput3.hpp"
#include "actors/io/gpu_cloud/list_sharing.hpp"
#include "actors/log.hpp"
#include "messages/io_actors.hpp"
#include "messages/text/foreign_text.hpp"

#include <caf/all.hpp>

#include <map>
#include <vector>

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
  gpu_cloud::list_sharing lists;
  /// Who waits for which list.
  std::map<uint64_t, std::vector<caf::typed_response_promise<msg::gpu_list>>>
    askers;
  msg::gpu_list latest;
};

gpu_cloud_actor::behavior_type
gpu_cloud_behavior(gpu_cloud_actor::stateful_pointer<gpu_cloud_state> self,
                   gpu_cloud::config cfg, gpu_cloud_deps deps);

} // namespace render
