#pragma once
// Webhooks that are not delivered.
#include "app/records/record.hpp"
#include "app/records/redis.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::records {

struct webhook_entry {
  std::string job_id;
  /// Of the outbox; empty: it is gone.
  record fields;
  /// It was given up.
  bool dead = false;
  /// When it is due, or was given up; Unix seconds.
  double at_s = 0;
};

/// The next due ones, or the oldest dead ones.
result<std::vector<webhook_entry>> read_webhooks(redis& db, bool dead,
                                                 uint32_t limit);

/// Nothing: the job has none that waits or was given up.
result<std::optional<webhook_entry>> read_webhook(redis& db,
                                                  const std::string& job_id);

/// Makes a dead one due again, with all of its tries; or all of them. Returns
/// the ids of their jobs.
result<std::vector<std::string>> replay_webhook(redis& db,
                                                const std::string& job_id);
result<std::vector<std::string>> replay_webhooks(redis& db);

} // namespace render::records
