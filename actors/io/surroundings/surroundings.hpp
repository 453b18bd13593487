#pragma once
// The SURROUNDINGS: what the machine lacks, and whether the storage can be had.
// A disk may hang, so it has a thread of its own outside of tests.
#include "actors/io/surroundings/machine.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <memory>

namespace render {

struct surroundings_state {
  static inline const char* name = "surroundings";
  std::shared_ptr<surroundings::machine> machine;
  object_store_actor objects;
};

surroundings_actor::behavior_type surroundings_behavior(
  surroundings_actor::stateful_pointer<surroundings_state> self,
  std::shared_ptr<surroundings::machine> machine, object_store_actor objects);

} // namespace render
