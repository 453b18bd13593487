#pragma once
// Reads the stream of events.
#include "app/records/redis.hpp"
#include "app/records/timeline.hpp"

#include <functional>
#include <string>
#include <vector>

namespace render::records {

/// Of the stream: its id, and field, value, field, value.
told_event read_event(const std::string& id,
                      const std::vector<redis_value>& words);

/// All entries of `c3:events` not older than `since_s` (Unix seconds; 0: all),
/// the oldest first; `wanted` may leave some out.
result<std::vector<told_event>>
read_events(redis& db, double since_s,
            const std::function<bool(const told_event&)>& wanted);

/// Those of the job `id` with this record.
result<std::vector<told_event>> read_events_of(redis& db, const std::string& id,
                                               const record& job);

} // namespace render::records
