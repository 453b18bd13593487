#pragma once
// Reads what the diagnosis rests on.
#include "app/records/diagnosis.hpp"
#include "app/records/redis.hpp"

namespace render::records {

result<fleet_sight> read_fleet_sight(redis& db);

} // namespace render::records
