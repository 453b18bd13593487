#pragma once
// The actors that decide, and how they speak to one another.
#include "messages/type_ids.hpp"

#include <caf/typed_actor.hpp>

namespace render {

/// What the QUEUE WATCHER tells its owner. One-way; nothing is lost inside one
/// process.
using work_sink_actor = caf::typed_actor<
  // These jobs are yours.
  caf::reacts_to<msg::jobs_claimed>,
  // This waits and has no slot.
  caf::reacts_to<msg::backlog>>;

/// Whom a RENDERER tells its end: its GPU INSTANCE, and once its result waits
/// for the storage its keeper.
using render_owner_actor
  = caf::typed_actor<caf::reacts_to<msg::render_ended>,
                     // The slot is free, the RENDERER goes on.
                     caf::reacts_to<msg::render_parked>>;

/// What a GPU INSTANCE tells its owner, who also keeps its RENDERERS whose
/// results wait for the storage.
using gpu_owner_actor = render_owner_actor::extend<
  // Where it stands, on every change.
  caf::reacts_to<msg::gpu_update>,
  // A job has ended there.
  caf::reacts_to<msg::job_ended>>;

/// Who hears that the node is empty.
using drain_listener_actor
  = caf::typed_actor<caf::reacts_to<msg::node_drained>>;

/// The SUPERVISOR actor interface.
using supervisor_actor = work_sink_actor::extend_with<gpu_owner_actor>::extend<
  // Drains; the second one hurries.
  caf::reacts_to<msg::drain_node>,
  // For the status port.
  caf::replies_to<msg::get_status>::with<msg::node_status>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The QUEUE WATCHER actor interface.
using queue_watcher_actor = caf::typed_actor<
  // Replaces what is free.
  caf::reacts_to<msg::capacity>,
  // Reports what waits.
  caf::reacts_to<msg::look_now>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The GPU INSTANCE actor interface.
using gpu_instance_actor = caf::typed_actor<
  caf::reacts_to<msg::run_job>, caf::reacts_to<msg::drain_gpu>,
  caf::reacts_to<msg::halt_gpu>,
  // From the JOB STORE.
  caf::reacts_to<msg::check_gpu>,
  // From its RENDERERS.
  caf::reacts_to<msg::render_ended>, caf::reacts_to<msg::render_parked>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The RENDERER actor interface: one attempt at one job.
using renderer_actor = caf::typed_actor<caf::reacts_to<msg::stop_render>,
                                        // Pieces of a streamed answer.
                                        caf::reacts_to<msg::http_chunk>,
                                        // INTERNAL: timers.
                                        caf::reacts_to<msg::timer_due>>;

/// The INPUT LOOK actor interface.
using input_look_actor = caf::typed_actor<
  // Looks at the inputs of the first few waiting jobs. What it refuses comes
  // to the asker before the answer.
  caf::replies_to<msg::look_at_inputs>::with<msg::inputs_seen>>;

/// The WEBHOOK actor interface.
using webhook_actor = caf::typed_actor<
  // Deliver this, it is leased to us. Loss is repaired by the outbox.
  caf::reacts_to<msg::deliver_webhook>,
  // Wait until all is delivered.
  caf::replies_to<msg::flush_webhooks>::with<caf::ok_atom>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

} // namespace render
