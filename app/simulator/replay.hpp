#pragma once
// A run as a timeline.
#include "app/simulator/fleet.hpp"

#include <string_view>

namespace render::simulator {

/// Whether the timeline of `what` shows this: "all", the name of an actor, or
/// what a message names (a job's id, "w3", "wl-22"). Not the provider's lists
/// of all GPUs, which say nothing of one of them.
bool concerns(const harness::virtual_time::trace_entry& x,
              std::string_view what);

/// One line; a long message is cut.
void print_entry(const harness::virtual_time::trace_entry& x);

/// The run once more, this time with a memory: it is the same run.
void print_last_messages(fleet_options o, const std::string& subject);

} // namespace render::simulator
