#pragma once
// When a worker's GPUs are retired: each worker has an age of its own, so that
// a fleet whose GPUs were launched together does not lose them together. Pure.
#include <chrono>
#include <string_view>

namespace render::supervisor {

/// 0 to 1, by the id alone; ids that differ little are far apart.
double place_of(std::string_view worker_id);

/// `replace_after` × (0.85 to 1), by the worker's place.
std::chrono::milliseconds staggered_age(std::chrono::milliseconds replace_after,
                                        double place);

} // namespace render::supervisor
