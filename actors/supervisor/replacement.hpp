#pragma once
// When a worker's GPUs are retired: each worker has an age of its own, so that
// a fleet whose GPUs were launched together does not lose them together. Pure.
#include <chrono>

namespace render::supervisor {

/// `replace_after` × (0.85 to 1), by the worker's place (0 to 1).
std::chrono::milliseconds staggered_age(std::chrono::milliseconds replace_after,
                                        double place);

} // namespace render::supervisor
