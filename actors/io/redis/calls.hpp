#pragma once
// What is written of a job, a GPU or a webhook that we hold. A duty writes it
// first; `durable/` writes it again when Redis has lost it.
#include "actors/io/redis/durable/durable.hpp"
#include "actors/io/redis/told_attempts.hpp"
#include "messages/webhook.hpp"

namespace render::job_store {

/// False: the outcome is none of the job, or another worker's to write.
bool is_ours_to_settle(const job_outcome& x);

/// The outbox entry of an ended job; without a URL when nobody wants one.
webhook webhook_of(const held_job& x);

/// The end of `x`, which has an outcome. Its webhook is ours to deliver for
/// `lease`. `seen`: its latest attempt; an empty one: nothing is known of it.
command settle_call(const durable& redis, const held_job& x, milliseconds lease,
                    write_number number,
                    const told_attempts::attempt& seen = {});

command delivery_call(const durable& redis, const std::string& job_id,
                      const held_delivery& x, milliseconds delay,
                      const mark_move& mark);

/// Not `ours`: what a dead worker left, with a lease that has run out. `asked`:
/// as in `write_gpu_args`.
command write_gpu_call(const durable& redis, const held_gpu& x, bool ours,
                       write_number number, bool asked = false);

} // namespace render::job_store
