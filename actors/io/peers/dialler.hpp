#pragma once
// The DIALLER: opens the port for other workers, and connects to theirs. Alone
// it touches CAF's network; a net in memory can stand in its place. When it
// dies, the ROOT ends the worker.
#include "actors/io/peers/probe.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render {

/// The DIALLER actor interface.
using dialler_actor = caf::typed_actor<
  // Whoever connects to this host and port reaches that actor.
  caf::replies_to<caf::publish_atom, std::string, uint16_t,
                  caf::actor>::with<uint16_t>,
  // The actor that another worker has published there. Fails as `rejected` when
  // it speaks another protocol.
  caf::replies_to<caf::connect_atom, std::string, uint16_t>::with<caf::actor>,
  // INTERNAL: looks after what is under way.
  caf::reacts_to<caf::tick_atom>>;

struct dialler_state {
  static inline const char* name = "dialler";

  struct attempt {
    peers::address to;
    peers::probe under_way;
    std::chrono::steady_clock::time_point until;
    caf::typed_response_promise<caf::actor> answer;
  };
  std::vector<attempt> attempts;
  bool ticking = false;
};

/// The system must have its network loaded (see network.hpp).
dialler_actor::behavior_type
dialler_behavior(dialler_actor::stateful_pointer<dialler_state> self);

} // namespace render
