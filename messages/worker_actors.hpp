#pragma once
// The interfaces of the actors that decide.
#include "messages/type_ids.hpp"

#include <caf/typed_actor.hpp>

namespace render {

/// What the QUEUE WATCHER tells its owner. One-way; nothing is lost inside one
/// process.
using work_sink_actor = caf::typed_actor<
  // Hands claimed jobs over.
  caf::reacts_to<msg::jobs_claimed>,
  // Tells which jobs wait without a slot.
  caf::reacts_to<msg::backlog>>;

/// The receiver of a RENDERER's end: its GPU INSTANCE, or its keeper once its
/// result waits for the storage.
using render_owner_actor
  = caf::typed_actor<caf::reacts_to<msg::render_ended>,
                     // The slot is free, but the RENDERER goes on.
                     caf::reacts_to<msg::render_parked>>;

/// What a GPU INSTANCE tells its owner. The owner also keeps those of its
/// RENDERERS whose results wait for the storage.
using gpu_owner_actor = render_owner_actor::extend<
  // The GPU's state, on every change.
  caf::reacts_to<msg::gpu_update>,
  // A job has ended on the GPU.
  caf::reacts_to<msg::job_ended>>;

/// Is told that the worker has drained.
using drain_listener_actor
  = caf::typed_actor<caf::reacts_to<msg::node_drained>>;

/// The SUPERVISOR actor interface.
using supervisor_actor = work_sink_actor::extend_with<gpu_owner_actor>::extend<
  // Drains; the second message requeues running jobs at once.
  caf::reacts_to<msg::drain_node>,
  // Who else is there, and how they fare.
  caf::reacts_to<msg::fleet_view>,
  // Another worker has given GPUs to this one.
  caf::reacts_to<msg::gpus_given>,
  // For the status port.
  caf::replies_to<msg::get_status>::with<msg::node_status>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The QUEUE WATCHER actor interface.
using queue_watcher_actor = caf::typed_actor<
  // Replaces the free slots known so far.
  caf::reacts_to<msg::capacity>,
  // Asks for a fresh `backlog`.
  caf::reacts_to<msg::look_now>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The GPU INSTANCE actor interface.
using gpu_instance_actor = caf::typed_actor<
  caf::reacts_to<msg::run_job>, caf::reacts_to<msg::drain_gpu>,
  caf::reacts_to<msg::halt_gpu>,
  // From the JOB STORE.
  caf::reacts_to<msg::check_gpu>,
  // It is another worker's now: neither its machine nor its entry is touched.
  caf::reacts_to<msg::gpus_handed_over>,
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
  // Looks at the inputs of the first few waiting jobs. Refused jobs are sent to
  // the asker before the answer.
  caf::replies_to<msg::look_at_inputs>::with<msg::inputs_seen>>;

/// The WEBHOOK actor interface.
using webhook_actor = caf::typed_actor<
  // Delivers an entry that is leased to this worker. The outbox repairs a loss.
  caf::reacts_to<msg::deliver_webhook>,
  // Waits until all is delivered.
  caf::replies_to<msg::flush_webhooks>::with<caf::ok_atom>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

} // namespace render
