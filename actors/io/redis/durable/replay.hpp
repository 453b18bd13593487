#pragma once
// What becomes of a job in the journal, of this process or an earlier one.
// Pure.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/scripts/restore.hpp"
#include "messages/job_params.hpp"

namespace render::job_store {

enum class replay_step : uint8_t {
  /// Redis could still lose what it has of it: look once more later.
  keep,
  forget,
  /// Write its end, with its webhook.
  end_again,
  /// Write what became of its webhook.
  deliver_again,
};

/// `again`: it was kept once already.
inline replay_step after_restore(restore_answer said, const held_job& x,
                                 bool again) {
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

/// Its end need not be told again, should Redis lose it: it is ten minutes old,
/// which is longer than any failover or restart from a snapshot reaches back; a
/// day with a webhook whose end we have not heard of. Reads the job's data for
/// that once, and notes in `x` what it says.
inline bool may_be_forgotten(held_job& x, double now_s) {
  auto age_s = now_s - x.changed_s;
  if (x.settled == 0 || age_s < 600)
    return false;
  if (age_s >= 86'400 || x.delivery)
    return true;
  if (!x.wants_webhook)
    x.wants_webhook = !notify_url_of(x.subject.data).empty();
  return !*x.wants_webhook;
}

} // namespace render::job_store
