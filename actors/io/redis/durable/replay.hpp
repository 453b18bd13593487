#pragma once
// What becomes of a job in the journal, of this process or an earlier one.
// Pure.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/scripts/restore.hpp"

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
replay_step after_restore(restore_answer said, const held_job& x, bool again);

/// Its end need not be told again, should Redis lose it: it is ten minutes old;
/// a day with a webhook whose end we have not heard of. Reads the job's data
/// for that once, and notes in `x` what it says.
bool may_be_forgotten(held_job& x, double now_s);

} // namespace render::job_store
