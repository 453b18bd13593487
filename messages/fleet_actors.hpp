#pragma once
// Whoever carries a worker's words to the other workers of its fleet. Theirs
// come back to the SUPERVISOR as `fleet_view` and `gpus_given`.
#include "messages/type_ids.hpp"

#include <caf/typed_actor.hpp>

namespace render {

/// One-way; words may be lost.
using fleet_voice_actor = caf::typed_actor<
  // Replaces what the others know of this worker.
  caf::reacts_to<msg::tell_fleet>,
  // Tells another worker that GPUs are its now. It finds them in the launch
  // ledger without that too, later.
  caf::reacts_to<msg::gpus_given>>;

} // namespace render
