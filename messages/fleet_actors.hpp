#pragma once
// The interfaces between a worker and whoever carries its words to the other
// workers of its fleet, and theirs back.
#include "messages/worker_actors.hpp"

namespace render {

/// Carries a worker's words to the others. One-way; words may be lost.
using fleet_voice_actor = caf::typed_actor<
  // Replaces what the others know of this worker.
  caf::reacts_to<msg::tell_fleet>>;

/// Is told of the others.
using fleet_ear_actor = caf::typed_actor<
  // Replaces what is known of them.
  caf::reacts_to<msg::fleet_view>>;

/// The SUPERVISOR of a worker that may have others beside it.
using fleet_supervisor_actor = supervisor_actor::extend_with<fleet_ear_actor>;

} // namespace render
