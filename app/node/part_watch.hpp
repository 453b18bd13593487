#pragma once
// Watches the top-level actors of a node. When one of them ends and nobody has
// ordered it, the node looks well and does only a part of its work: it must
// end as a whole, so that another takes its place.
#include "actors/log.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace render {

/// The PART WATCH actor interface. It listens for the SUPERVISOR.
using part_watch_actor = drain_listener_actor::extend<
  // Watches this actor, which has this name in the log. One that has ended
  // already counts as one that ends.
  caf::reacts_to<std::string, caf::actor>>;

/// Told to drain when another part has ended.
inline constexpr const char* supervisor_part = "SUPERVISOR";

struct part_watch_deps {
  /// Hears once that the node has drained or has failed.
  drain_listener_actor listener;
  /// Hears at once what has ended and why; may be empty.
  std::function<void(const std::string&)> on_failure;
  logger log;
  /// The other parts have so long to put jobs back and to stop GPUs.
  std::chrono::milliseconds grace{5'000};
};

struct part_watch_state {
  static inline const char* name = "part_watch";
  part_watch_deps deps;
  std::map<caf::actor_addr, std::string> parts;
  supervisor_actor supervisor;
  bool failed = false;
  /// The listener has been told: what ends from now on was ordered.
  bool over = false;
};

part_watch_actor::behavior_type
part_watch_behavior(part_watch_actor::stateful_pointer<part_watch_state> self,
                    part_watch_deps deps);

} // namespace render
