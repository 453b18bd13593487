#pragma once
// What a worker makes of its settings for launches. Pure.
#include "app/node/config.hpp"

#include <chrono>

namespace render {

/// LAUNCH_POLICY=ledger; the other policy keeps to the contract's times.
bool looks_before_launch(const worker_config& cfg);

/// The age at which this worker's GPUs take no more jobs, if they may live that
/// long: DEFAULT_GPU_REPLACE, or up to 15 % less where no GPU gets a successor.
std::chrono::milliseconds replace_age(const worker_config& cfg);

} // namespace render
