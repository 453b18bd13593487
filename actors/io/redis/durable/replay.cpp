#include "actors/io/redis/durable/replay.hpp"

#include "messages/job_params.hpp"

namespace render::job_store {

namespace {

/// Longer than any failover or restart from a snapshot reaches back, seconds.
constexpr double ended_kept_s = 600;
constexpr double undelivered_kept_s = 86'400;

} // namespace

replay_step after_restore(restore_answer said, const held_job& x, bool again) {
  if (said == restore_answer::taken)
    return replay_step::forget;
  // Others end it, once its lease has run out.
  if (!x.outcome)
    return again ? replay_step::forget : replay_step::keep;
  if (said != restore_answer::known || x.settled == 0)
    return replay_step::end_again;
  if (x.delivery && x.delivery->confirmed == 0)
    return replay_step::deliver_again;
  return replay_step::forget;
}

bool may_be_forgotten(held_job& x, double now_s) {
  auto age_s = now_s - x.changed_s;
  if (x.settled == 0 || age_s < ended_kept_s)
    return false;
  if (age_s >= undelivered_kept_s || x.delivery)
    return true;
  if (!x.wants_webhook)
    x.wants_webhook = !notify_url_of(x.subject.data).empty();
  return !*x.wants_webhook;
}

} // namespace render::job_store
