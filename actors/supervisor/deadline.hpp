#pragma once
// By when a job must have ended. Pure.
#include "messages/gpu.hpp"
#include "messages/moment.hpp"

#include <chrono>
#include <string>

namespace render::supervisor {

/// When a job that begins now must have ended, by the steady clock, and what to
/// say if it has not.
/// `default_max_time` is for a job without one; `cap` holds for all.
msg::run_job with_deadline(job x, const moment& now,
                           std::chrono::milliseconds default_max_time,
                           std::chrono::milliseconds cap);

/// "2026-11-23T20:00:00Z".
std::string utc_text(double unix_s);

} // namespace render::supervisor
