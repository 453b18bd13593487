#pragma once
// What CAF needs before workers can talk to each other. A worker without a
// cluster has none of it.
#include <caf/actor_system_config.hpp>

namespace render::peers {

/// Loads CAF's network module and tells it the frame; before a system is made
/// of `cfg`.
void load_network(caf::actor_system_config& cfg);

/// Tells CAF the frame alone, for frames within one process.
void add_frame_type(caf::actor_system_config& cfg);

} // namespace render::peers
