#pragma once
// The ROOT actor: monitors the top-level actors of a worker and stops them in
// order. When to do what: policy.hpp.
#include "actors/log.hpp"
#include "actors/node/policy.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace render {

/// The ROOT actor interface. It hears of the SUPERVISOR's drain.
using root_actor = drain_listener_actor::extend<
  // A part by its name in the log, in the order of start. A part that has ended
  // already counts as one that ends now.
  caf::reacts_to<std::string, caf::actor>,
  // The worker drains and ends; the second order hurries.
  caf::reacts_to<msg::drain_node>,
  // The worker ends without a drain.
  caf::reacts_to<caf::close_atom>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

/// The functions are called from the actor's thread.
struct root_deps {
  /// Hears of a fault at once; may be empty.
  std::function<void(const std::string&)> on_fault;
  /// Hears once how the worker has ended: after all parts have ended, or when
  /// the ROOT itself dies.
  std::function<void(bool clean)> on_end;
  logger log;
};

struct root_state {
  static inline const char* name = "root";
  root::policy policy{root::config{}};
  root_deps deps;
  std::shared_ptr<bool> told_end = std::make_shared<bool>(false);
  std::map<std::string, caf::actor> parts;
  std::map<caf::actor_addr, std::string> names;
  std::chrono::milliseconds flush_limit{0};
};

root_actor::behavior_type
root_behavior(root_actor::stateful_pointer<root_state> self, root::config cfg,
              root_deps deps);

} // namespace render
