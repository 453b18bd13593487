#pragma once
// The composition root of the service: the actor system, the real outside
// worlds, and the end of the process. wiring.hpp decides which actor is spawned
// with which handles.
#include "actors/account/note.hpp"
#include "actors/log.hpp"
#include "app/node/cluster.hpp"
#include "app/node/config.hpp"
#include "app/node/wiring.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace render {

/// One worker: an actor system with everything in it.
class node {
public:
  /// Spawns the outside worlds only, and sends them no requests yet.
  node(worker_config cfg, logger log,
       std::shared_ptr<job_store::journal> local
       = std::make_shared<job_store::no_journal>());
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  /// Stops all actors, in order. Returns within seconds, or ends the process
  /// with exit code 1: a thread that hangs must not keep a deploy waiting.
  ~node();

  /// Starts to work. `on_end(clean)` is called once, from an actor's thread,
  /// when the worker has drained and stopped, or has failed for good.
  result<void> start(std::function<void(bool clean)> on_end);

  /// Finishes the running jobs; the second call requeues them at once. Only to
  /// be called after `start`.
  void drain(std::string reason);

  /// Questions for the status port and --check-config. Each has a limit of a
  /// few seconds. From any thread.
  result<msg::node_status> status(bool with_jobs = true);
  result<std::string> redis_version();
  result<size_t> count_workloads();
  result<void> check_storage();
  /// Names of the provider's workload types.
  result<std::vector<workload_type>> workload_types();
  result<double> balance();

  /// The first program that jobs need and this machine has not; empty: all
  /// are there.
  std::string missing_program() const;

  /// Whether other workers can reach this one.
  bool has_cluster() const noexcept {
    return cfg_.cluster_listen.port != 0;
  }
  /// What PEERS knows of them.
  result<msg::peers_report> peers();

  /// What the JOB STORE counts; never null.
  std::shared_ptr<const job_store::store_counts> store_counts() const {
    return around_.counts;
  }

  /// What the ACCOUNT has seen; never null.
  std::shared_ptr<const account::note> account() const {
    return account_;
  }

  /// The top-level actors, in the order of start.
  named_parts parts() const;

private:
  /// What the ROOT has told, from its own thread.
  struct course {
    std::mutex mutex;
    /// Which part has ended, and why; empty while all parts live.
    std::string fault;
    std::function<void(bool clean)> on_end;
    /// Set when the end came before `on_end` was given.
    std::optional<bool> ended_clean;
  };
  root_deps root_deps_of() const;
  void sweep_results();
  void look_at_account();
  result<void> join_cluster();

  worker_config cfg_;
  logger log_;
  std::shared_ptr<course> course_ = std::make_shared<course>();
  node_surroundings around_;
  std::shared_ptr<account::note> account_ = std::make_shared<account::note>();
  caf::actor_system_config caf_cfg_;
  std::unique_ptr<caf::actor_system> system_;
  outside_worlds outside_;
  /// Guarded by the mutex of `course_` until `start` has returned: the status
  /// port asks meanwhile.
  deciding_actors deciding_;
  /// Where other workers reach this one.
  result<peers::address> reached_at_;
  /// Guarded as `deciding_` is.
  cluster_actors cluster_;
  root_actor root_;
  std::thread watchdog_;
};

/// Reads the workflow at `path` (PORTRAIT_WORKFLOW), or returns the built-in
/// one. Fails as `invalid_input` when it is no workflow in API format, or has
/// no picture, sound or video node.
result<std::string> load_portrait_workflow(const std::string& path);

} // namespace render
