#pragma once
// Reads what each GPU did.
#include "app/records/fleet.hpp"
#include "app/records/gantt.hpp"
#include "app/records/redis.hpp"

#include <vector>

namespace render::records {

/// Of the last `seconds` until `now_s` (Unix seconds, by Redis' clock), with
/// the GPUs that are rented and the jobs that run now.
result<std::vector<gantt_row>>
read_gantt(redis& db, double seconds, double now_s,
           const std::vector<open_gpu>& open,
           const std::vector<leased_job>& running);

/// Ended GPUs, the latest first: at most so many, and none that ended before
/// `since_s`.
result<std::vector<closed_gpu>> read_closed(redis& db, size_t limit,
                                            double since_s);

} // namespace render::records
