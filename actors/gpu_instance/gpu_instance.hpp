#pragma once
// One GPU INSTANCE is one rented GPU. It stops its GPU on every way out. When
// the actor itself dies, the SUPERVISOR has the GPU stopped and retries its
// jobs elsewhere.
#include "actors/gpu_instance/account.hpp"
#include "actors/gpu_instance/boot_span.hpp"
#include "actors/gpu_instance/policy.hpp"
#include "actors/log.hpp"
#include "actors/long_timers.hpp"
#include "actors/tracing.hpp"
#include "messages/clock.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <optional>

namespace render {

/// Spawns the RENDERER of one attempt on `node`.
using renderer_factory = std::function<renderer_actor(
  const msg::run_job& task, const gpu_host& node, render_owner_actor owner)>;

struct gpu_instance_deps {
  gpu_cloud_actor cloud;
  gpu_ledger_actor ledger;
  gpu_owner_actor owner;
  renderer_factory make_renderer;
  wall_clock now;
  logger log;
  tracing traces{};
};

struct gpu_instance_state {
  static inline const char* name = "gpu-instance";
  gpu_instance::config cfg;
  gpu_instance_deps deps;
  gpu_instance::policy policy{gpu_instance::config{}};
  gpu_instance::account account;
  /// Shares of parked jobs that the SUPERVISOR has not heard of.
  std::vector<gpu_share> left;
  std::map<job_id, renderer_actor> renderers;
  long_timers timers;
  /// None: nobody traces, or it was taken over.
  std::optional<gpu_instance::boot_span> boot;
};

gpu_instance_actor::behavior_type gpu_instance_behavior(
  gpu_instance_actor::stateful_pointer<gpu_instance_state> self,
  gpu_instance::config cfg, gpu_instance_deps deps);

} // namespace render
