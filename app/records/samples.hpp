#pragma once
// Samples of the fleet, for charts of the last day.
#include "app/records/redis.hpp"
#include "app/records/usage.hpp"

#include <vector>

namespace render::records {

/// Writes down how the fleet is, unless somebody has done so within the last
/// minute. To be called once a minute by each process of the service. Returns
/// whether it has.
result<bool> take_sample(redis& db);

/// Not older than `since_s` (Unix seconds), the oldest first.
result<std::vector<sample>> read_samples(redis& db, double since_s);

} // namespace render::records
