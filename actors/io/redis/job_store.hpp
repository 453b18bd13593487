#pragma once
// The JOB STORE: the only actor that speaks to Redis. A request becomes one
// script, its reply one answer; the connection lives on a thread of its own
// (redis_loop). Final writes are tried until Redis has answered. When this
// actor dies, waiting requests fail and claimed jobs stay locked to us.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/link/loop.hpp"
#include "actors/io/redis/port.hpp"
#include "messages/clock.hpp"
#include "messages/job_store_actor.hpp"

#include <caf/all.hpp>

// Stays inside the process: from the loop's thread to the actor.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::job_store::redis_events)

namespace render {

struct job_store_deps {
  wall_clock now;
  logger log;
  job_store::link_factory make_link = job_store::start_redis_loop;
  /// Not shared with another actor that lives.
  std::shared_ptr<job_store::journal> local
    = std::make_shared<job_store::no_journal>();
};

/// What the JOB STORE really speaks: its interface and the loop's batches. A
/// handle of it is a handle of `job_store_actor` as well.
using job_store_shell_actor = job_store_actor::extend<
  // INTERNAL: replies and changes of the connections.
  caf::reacts_to<job_store::redis_events>,
  // INTERNAL: timers.
  caf::reacts_to<msg::timer_due>>;

struct job_store_state {
  static inline const char* name = "job-store";

  std::unique_ptr<job_store::port> shell;
};

/// Lives until it gets an exit message: its loop holds a handle of it.
job_store_shell_actor::behavior_type job_store_behavior(
  job_store_shell_actor::stateful_pointer<job_store_state> self,
  job_store::config cfg, job_store_deps deps);

} // namespace render
