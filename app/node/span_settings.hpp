#pragma once
// OpenTelemetry's settings, by its own names. Pure.
#include "app/node/config.hpp"

#include <vector>

namespace render {

/// `before`, and these.
std::vector<setting> with_span_settings(std::vector<setting> before);

/// Once all of them are read: the values of the headers are secrets, and
/// without a switch to turn them on there are no traces.
void complete_span_settings(worker_config& cfg);

} // namespace render
