#pragma once
// The QUEUE WATCHER: asks the JOB QUEUE what its policy decides, and hands
// claimed jobs to its owner. When it dies, waiting jobs simply wait; the JOB
// STORE requeues a claim that was under way, since nobody confirms it.
#include "actors/log.hpp"
#include "actors/queue_watcher/policy.hpp"
#include "messages/clock.hpp"
#include "messages/job_store_actor.hpp"
#include "messages/worker_actors.hpp"

#include <caf/all.hpp>

namespace render {

struct queue_watcher_deps {
  job_queue_actor queue;
  work_sink_actor sink;
  wall_clock now;
  logger log;
};

struct queue_watcher_state {
  static inline const char* name = "queue-watcher";
  queue_watcher::policy policy{queue_watcher::config{}};
};

queue_watcher_actor::behavior_type queue_watcher_behavior(
  queue_watcher_actor::stateful_pointer<queue_watcher_state> self,
  queue_watcher::config cfg, queue_watcher_deps deps);

} // namespace render
