#pragma once
// The queue of waiting jobs.
#include "app/records/redis.hpp"

#include <string>
#include <vector>

namespace render::records {

struct queued_job {
  std::string id;
  /// Empty: there is no record.
  std::string type;
  std::string status;
  /// Unix seconds; 0: not known.
  double created_at_s = 0;
  double complete_by_s = 0;
};

/// Of a queue no more is looked at for reasons.
inline constexpr size_t queue_looked_at = 2'000;

/// So many jobs from the one at `first` on; the head is 0.
result<std::vector<queued_job>> read_queue(redis& db, size_t first,
                                           size_t count);

inline result<std::vector<queued_job>> read_queue_head(redis& db) {
  return read_queue(db, 0, queue_looked_at);
}

/// The types of the jobs up to this one; empty: it is not among them.
std::vector<std::string> types_until(const std::vector<queued_job>& queue,
                                     const std::string& id);

} // namespace render::records
