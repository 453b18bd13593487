#pragma once
// Which actor is spawned with which handles and settings. The service and the
// simulator both build their workers here, so that they cannot drift apart.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/link/link.hpp"
#include "actors/io/redis/store_counts.hpp"
#include "actors/io/redis/worker_card.hpp"
#include "actors/log.hpp"
#include "actors/node/root.hpp"
#include "actors/renderer/scratch_folder.hpp"
#include "app/node/config.hpp"
#include "messages/clock.hpp"
#include "messages/fleet_actors.hpp"
#include "messages/io_actors.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/span_actors.hpp"
#include "messages/worker_actors.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace render {

/// The actors that reach outside.
struct outside_worlds {
  http_actor http;
  job_store_actor jobs;
  gpu_cloud_actor cloud;
  object_store_actor objects;
  /// Keeps the results that `objects` uploads; none: they are not kept.
  object_store_actor kept;
  media_actor media;
  /// Spawned by the caller, who knows the machine; none: the machine counts as
  /// fit.
  surroundings_actor surroundings;
  /// Spawned by the caller; none: the worker knows of no others.
  fleet_voice_actor peers;
  /// Spawned by the caller; none: nobody traces.
  span_sink_actor spans;
};

/// What a worker takes from the machine that it runs on.
struct node_surroundings {
  wall_clock now;
  logger log;
  /// A new seed for each actor that draws random numbers.
  std::function<uint64_t()> new_seed;
  job_store::link_factory make_link;
  /// See `job_store_deps`.
  std::shared_ptr<job_store::journal> local
    = std::make_shared<job_store::no_journal>();
  std::shared_ptr<folder_keeper> folders = {};
  /// What heartbeats say of the program and its machine.
  job_store::worker_card card = {};
  job_store::error_reader last_error = {};
  job_store::account_reader account = {};
  /// Where the JOB STORE counts, for /metrics; none: nowhere.
  std::shared_ptr<job_store::store_counts> counts = {};
  /// Uploaded results also stay in `output_dir`.
  bool keeps_results = false;
  /// Who works on a disk has a thread of its own, since it may hang. Not in
  /// virtual time, which knows no threads.
  bool own_threads = false;
};

/// The actors that decide; they spawn all others.
struct deciding_actors {
  /// None with LAUNCH_POLICY=contract, which launches at fixed times.
  input_look_actor inputs;
  webhook_actor webhooks;
  /// Whoever carries the others' words tells it of them.
  supervisor_actor supervisor;
};

/// Top-level actors by their names for the ROOT, in the order of start. Actors
/// that do not exist are left out.
using named_parts = std::vector<std::pair<std::string, caf::actor>>;
named_parts parts_of(const outside_worlds& outside);
named_parts parts_of(const deciding_actors& deciding);

/// Puts the parts under the ROOT's watch.
void watch(const root_actor& root, const named_parts& parts);

/// Spawns the JOB STORE, the GPU CLOUD and the OBJECT STORE; the last two use
/// `http`.
outside_worlds spawn_outside_worlds(caf::actor_system& system,
                                    const worker_config& cfg, http_actor http,
                                    media_actor media,
                                    const node_surroundings& around);

/// The SPAN EXPORTER, or none when nobody wants traces.
span_sink_actor spawn_span_exporter(caf::actor_system& system,
                                    const worker_config& cfg, http_actor http,
                                    const node_surroundings& around);

/// The actors start to work at once. `root` must watch the outside worlds
/// already.
deciding_actors
spawn_deciding_actors(caf::actor_system& system, const worker_config& cfg,
                      std::string portrait_workflow,
                      const outside_worlds& outside,
                      const node_surroundings& around, const root_actor& root);

} // namespace render
