#pragma once
// The SURROUNDINGS actor: tells what the machine lacks, and whether the storage
// answers. It has a thread of its own outside of tests, since a disk may hang.
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
