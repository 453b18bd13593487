#pragma once
// What the JOB STORE (Redis) can be asked. Five narrow interfaces, so that each
// actor, and each test, holds only what it uses.
#include "messages/confirmations.hpp"
#include "messages/type_ids.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::msg::confirm_jobs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::msg::confirm_gpus)

namespace render {

/// The JOB QUEUE interface, for the QUEUE WATCHER.
using job_queue_actor = caf::typed_actor<
  // Answers when the queue has a head, or after the patience given.
  caf::replies_to<msg::await_work>::with<msg::queue_head>,
  // Looks at waiting jobs without touching them.
  caf::replies_to<msg::peek_queue>::with<msg::queue_snapshot>,
  // Takes jobs, atomically. A timeout means: outcome unknown.
  caf::replies_to<msg::claim_jobs>::with<msg::claimed_jobs>,
  // Takes one job that cannot run, to reject it.
  caf::replies_to<msg::claim_unfit>::with<msg::claimed_jobs>>;

/// The JOB LEDGER interface, for the SUPERVISOR: how claimed jobs end.
using job_ledger_actor = caf::typed_actor<
  // Final status, result and outbox entry. Tried until Redis has answered.
  caf::replies_to<msg::settle_job>::with<msg::job_settled>,
  // Back to the head of the queue.
  caf::replies_to<msg::release_job>::with<caf::ok_atom>,
  // Keeps count of attempts. Loss is harmless: fewer are counted.
  caf::reacts_to<msg::note_attempt>,
  // What nobody confirms goes back to the queue.
  caf::reacts_to<msg::confirm_jobs>,
  // Kept for whoever looks at the workers from outside. Loss is harmless: the
  // next one says it all again.
  caf::replies_to<msg::node_status>::with<msg::fleet_orders>>;

/// The PROGRESS interface, for RENDERERS.
using progress_actor = caf::typed_actor<
  // Writes stage and progress; tells whether this worker still owns the job.
  caf::replies_to<msg::report_progress>::with<msg::ownership>,
  // Remembers where the render runs.
  caf::reacts_to<msg::note_remote>>;

/// The GPU LEDGER interface, for the SUPERVISOR and the GPU INSTANCES.
using gpu_ledger_actor = caf::typed_actor<
  // Writes an entry and makes it this worker's.
  caf::replies_to<msg::write_gpu>::with<caf::ok_atom>,
  // Ends an entry.
  caf::replies_to<msg::close_gpu>::with<caf::ok_atom>,
  // Leaves an entry to other workers.
  caf::reacts_to<msg::leave_gpu>,
  // Names the GPUs that this worker looks after; an entry that nobody names is
  // left to other workers.
  caf::reacts_to<msg::confirm_gpus>,
  // Gives entries of this worker to another one.
  caf::replies_to<msg::hand_over_gpus>::with<msg::gpus_handed_over>,
  // Takes over the entries of dead workers, and what others have given.
  caf::replies_to<msg::take_gpus>::with<msg::gpus_taken>,
  // Looks without touching anything.
  caf::replies_to<msg::view_gpus>::with<msg::gpus_seen>>;

/// The OUTBOX interface, for the WEBHOOK actor.
using outbox_actor = caf::typed_actor<
  // Leases entries that are due.
  caf::replies_to<msg::take_webhooks>::with<msg::webhooks_taken>,
  // Records one delivery try.
  caf::replies_to<msg::record_delivery>::with<caf::ok_atom>>;

/// The JOB STORE actor interface: all of the above, and a ping.
using job_store_actor = job_queue_actor::extend_with<
  job_ledger_actor>::extend_with<progress_actor>::extend_with<outbox_actor>::
  extend_with<gpu_ledger_actor>::extend<
    // Asks Redis for a sign of life; answers with its version.
    caf::replies_to<caf::get_atom>::with<std::string>>;

} // namespace render
