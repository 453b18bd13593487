#pragma once
// The life of a whole worker: drain, stop, status.
#include "messages/fleet.hpp"
#include "messages/gpu.hpp"
#include "messages/launch_reason.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render::msg {

/// To the SUPERVISOR: finish the running jobs, claim no more.
struct drain_node {
  std::string reason;
  /// One that comes while the node drains requeues the running jobs at once.
  /// Else it is none then: it may be said again.
  bool hurries = true;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, drain_node& x) {
  return f(x.reason, x.hurries);
}

/// To the SUPERVISOR: asks for `node_status`.
struct get_status {
  bool with_jobs = true;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_status& x) {
  return f(x.with_jobs);
}

struct node_status {
  bool draining = false;
  std::vector<gpu_update> gpus;
  /// Ids of the jobs that run here.
  std::vector<job_id> running_jobs;
  /// Waiting jobs by type, as last seen; empty while all of them are claimed.
  std::map<std::string, uint64_t> waiting_by_type;
  /// Since the start.
  uint64_t jobs_succeeded = 0;
  uint64_t jobs_failed = 0;
  uint64_t jobs_retried = 0;
  uint64_t gpus_launched = 0;
  /// Why nothing is claimed: "disk", "storage", "tools", "job"; empty: fit.
  std::string unfit{};
  /// For the operator.
  std::string unfit_text{};
  /// 0: not known.
  uint64_t disk_free_bytes = 0;
  /// Results that are rendered and wait for the storage.
  uint64_t results_waiting = 0;
  /// Of each workload type, why no (other) GPU of it is launched now. Times are
  /// Unix seconds.
  std::map<workload_type, launch_reason> launches = {};
  /// Other workers that PEERS say are alive.
  uint32_t peers = 0;
  /// Launches go by the fleet's plan. False with peers: the views differ or are
  /// old, and this worker does what strangers do.
  bool plans_with_peers = false;
  /// How long the oldest waiting job has waited, as last seen; 0: none waits.
  double oldest_wait_s = 0;
  /// Unix seconds at which this was said.
  double at_s = 0;
  /// What others are told of this worker, as of then.
  worker_facts facts = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_status& x) {
  return f(x.draining, x.gpus, x.running_jobs, x.waiting_by_type,
           x.jobs_succeeded, x.jobs_failed, x.jobs_retried, x.gpus_launched,
           x.unfit, x.unfit_text, x.disk_free_bytes, x.results_waiting,
           x.launches, x.peers, x.plans_with_peers, x.oldest_wait_s, x.at_s,
           x.facts);
}

/// Answer of the JOB STORE to `node_status`: what people have set for the whole
/// fleet.
struct fleet_orders {
  /// Who has paused its launches, since when and why; empty: nobody.
  std::string paused;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fleet_orders& x) {
  return f(x.paused);
}

/// SUPERVISOR → the listener named at spawn: every job is settled or put back,
/// every GPU is stopped or given up. `clean` is false when a stop could not be
/// confirmed.
struct node_drained {
  bool clean = true;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_drained& x) {
  return f(x.clean);
}

} // namespace render::msg
