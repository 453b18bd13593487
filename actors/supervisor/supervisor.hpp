#pragma once
// The SUPERVISOR: owns the pool of GPU INSTANCES, the QUEUE WATCHER and the
// node's life. When it dies the process ends: nobody else knows which jobs are
// ours.
#include "actors/log.hpp"
#include "actors/supervisor/attempt_spans.hpp"
#include "actors/supervisor/open_ends.hpp"
#include "actors/supervisor/policy.hpp"
#include "actors/tracing.hpp"
#include "messages/clock.hpp"
#include "messages/fleet_actors.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <optional>

namespace render {

/// Spawn the children; they capture what else those need.
using watcher_factory = std::function<queue_watcher_actor(work_sink_actor)>;
using gpu_factory = std::function<gpu_instance_actor(
  const supervisor::rent& order, gpu_owner_actor owner)>;

struct supervisor_deps {
  job_ledger_actor ledger;
  gpu_ledger_actor gpu_ledger;
  watcher_factory make_watcher;
  gpu_factory make_gpu;
  webhook_actor webhooks;
  /// None: the worker counts as fit at all times.
  surroundings_actor surroundings;
  /// Ended by the SUPERVISOR. None: GPUs are launched for whatever waits.
  input_look_actor inputs{};
  /// None: the worker knows of no others.
  fleet_voice_actor peers{};
  /// Its own name, for them.
  worker_id name{};
  drain_listener_actor listener;
  wall_clock now;
  logger log;
  tracing traces{};
};

struct supervisor_state {
  static inline const char* name = "supervisor";
  supervisor_deps deps;
  supervisor::policy policy{supervisor::config{}};
  queue_watcher_actor watcher;
  std::map<uint64_t, gpu_instance_actor> gpus;
  /// Whose results wait for the storage.
  std::map<job_id, renderer_actor> parked;
  supervisor::open_ends open;
  /// None: nobody traces.
  std::optional<supervisor::attempt_spans> spans;
};

supervisor_actor::behavior_type
supervisor_behavior(supervisor_actor::stateful_pointer<supervisor_state> self,
                    supervisor::config cfg, supervisor_deps deps);

} // namespace render
