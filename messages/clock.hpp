#pragma once
// Unix time, injected. Intervals and timers use the actor clock instead.
#include <chrono>
#include <functional>

namespace render {

/// Seconds since the Unix epoch, with fractions. Must be callable from any
/// thread.
using wall_clock = std::function<double()>;

} // namespace render
