#pragma once
// A run as a timeline.
#include "app/simulator/fleet.hpp"

#include <string_view>

namespace render::simulator {

/// Whether the timeline of `what` shows this entry. `what` is "all", the name
/// of an actor, or a name in a message (a job's id, "w3", "wl-22"). The
/// provider's lists of all GPUs do not count for a single GPU.
bool concerns(const harness::virtual_time::trace_entry& x,
              std::string_view what);

/// One line; a long message is cut.
void print_entry(const harness::virtual_time::trace_entry& x);

/// Repeats the run with recorded messages: the same options give the same run.
void print_last_messages(fleet_options o, const std::string& subject);

} // namespace render::simulator
