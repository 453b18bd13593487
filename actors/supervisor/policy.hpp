#pragma once
// Decides where claimed jobs go, when GPUs are rented and retired, which
// failures are tried again, and how the node drains. Pure: no actors, no I/O,
// no clock; randomness from a seeded engine.
#include "messages/gpu.hpp"
#include "messages/node.hpp"
#include "messages/queue.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::supervisor {

using duration = std::chrono::milliseconds;

struct config {
  std::map<job_kind, std::string> workload_of_kind;
  /// Of the whole node, whatever their type.
  uint32_t max_gpus = 1;
  uint32_t slots_per_gpu = 1;
  /// A launch waits a uniformly random time in this range first.
  duration pre_launch_min{15'000};
  duration pre_launch_max{30'000};
  duration max_render_time{1'800'000};
  /// Of a job that does not say.
  duration default_max_time{1'200'000};
  /// GPUs that may fail under one job.
  uint32_t attempts_max = 3;
  /// A failed job stays off the GPU it failed on for this long.
  duration same_gpu_delay{3'000};
  /// After a GPU that failed, before the next launch of its type; doubles.
  duration launch_backoff_min{5'000};
  duration launch_backoff_max{300'000};
  duration drain_time{120'000};
  /// After the drain time: until the node stops waiting for stops and writes
  /// that nobody confirms.
  duration give_up_time{600'000};
  /// How long webhooks that are due may take at the end.
  duration flush_time{30'000};
  uint64_t seed = 1;
};

enum class timer : uint32_t {
  /// One for each workload type; `arm_timer::type` says which.
  jitter,
  pending,
  drain,
  give_up,
};

struct send_capacity {
  msg::capacity what;
};
struct run_on {
  uint64_t instance = 0;
  msg::run_job task;
};
struct rent {
  uint64_t instance = 0;
  std::string type;
};
struct drain_gpu {
  uint64_t instance = 0;
  std::string reason;
};
struct halt_gpu {
  uint64_t instance = 0;
  std::string reason;
};
struct settle {
  msg::settle_job what;
};
struct release {
  std::string job_id;
};
struct deliver {
  webhook entry;
};
struct arm_timer {
  timer which = timer::jitter;
  uint64_t generation = 0;
  duration delay{0};
};
struct flush_webhooks {
  duration patience{0};
};
struct finish {
  bool clean = true;
};
enum class severity : uint8_t { info, warning, error };
struct say {
  severity level = severity::info;
  std::string text;
};

using effect
  = std::variant<send_capacity, run_on, rent, drain_gpu, halt_gpu, settle,
                 release, deliver, arm_timer, flush_webhooks, finish, say>;
using effects = std::vector<effect>;

/// All times are Unix seconds.
class policy {
public:
  explicit policy(config cfg);

  /// Also after the QUEUE WATCHER was started anew: it begins to count at 0.
  effects on_watcher_started();
  effects on_jobs_claimed(msg::jobs_claimed x, double now_s);
  effects on_backlog(const msg::backlog& x, double now_s);
  effects on_gpu_update(const msg::gpu_update& x, double now_s);
  /// A GPU INSTANCE died without a word.
  effects on_gpu_died(uint64_t instance, const std::string& why, double now_s);
  effects on_job_ended(msg::job_ended x, double now_s);
  effects on_settled(msg::job_settled x);
  effects on_released(const std::string& job_id);
  effects on_timer(timer which, uint64_t generation, double now_s);
  /// The second one hurries.
  effects on_drain(const std::string& reason, double now_s);
  effects on_flushed();

  msg::node_status status() const;

  bool draining() const noexcept {
    return drain_ != drain_phase::none;
  }

private:
  enum class drain_phase : uint8_t { none, finishing, halting, flushing, done };

  struct held_job {
    msg::run_job task;
    /// What each attempt failed of.
    std::vector<std::string> failures;
    /// Where it runs; 0 while it waits for a slot.
    uint64_t instance = 0;
    uint64_t avoid_instance = 0;
    double avoid_until_s = 0;
  };

  struct gpu {
    std::string type;
    msg::gpu_update last;
    std::set<std::string> jobs;
    bool told_to_stop = false;
  };

  struct demand {
    /// Of the timer that runs for this type; 0: none runs.
    uint64_t timer_generation = 0;
    /// The random wait is over; holds until a launch or no more need.
    bool waited = false;
    uint32_t failures = 0;
    double not_before_s = 0;
  };

  // policy.cpp
  held_job hold(job x, double now_s) const;
  effects place(const std::string& job_id, double now_s);
  effects place_pending(double now_s);
  std::optional<uint64_t> find_slot(const held_job& x, double now_s) const;
  effects end(held_job x, job_outcome outcome);
  effects retry(held_job x, const failure& why, double now_s);
  effects put_back(const std::string& job_id);
  effects watch_pending();
  uint32_t free_slots(const gpu& x) const;
  effects capacity();

  // scaling.cpp
  effects scale(double now_s);
  effects scale_type(const std::string& type, double now_s);
  effects launch(const std::string& type, uint32_t wanted);
  effects make_room(const std::string& type);
  uint32_t waiting_for(const std::string& type) const;
  uint32_t supply_of(const std::string& type) const;
  bool is_pending(const std::string& type) const;
  std::set<std::string> workload_types() const;
  const std::string& workload_of(const std::string& job_type) const;
  void gpu_failed(const std::string& type, double now_s);

  // drain.cpp
  effects halt_all(const std::string& reason);
  effects check_drained();

  config cfg_;
  std::mt19937_64 random_;
  uint64_t last_generation_ = 0;
  uint64_t last_instance_ = 0;
  uint64_t jobs_received_ = 0;
  std::map<uint64_t, gpu> gpus_;
  /// Ours, not settled yet: running, or waiting for a slot.
  std::map<std::string, held_job> jobs_;
  /// Ids in `jobs_` that have no slot, in order.
  std::deque<std::string> pending_;
  uint64_t pending_generation_ = 0;
  /// Told to the ledger and not answered yet.
  std::set<std::string> unsettled_;
  std::set<std::string> releasing_;
  std::map<std::string, uint64_t> backlog_;
  std::map<std::string, demand> demands_;
  drain_phase drain_ = drain_phase::none;
  uint64_t drain_generation_ = 0;
  uint64_t give_up_generation_ = 0;
  bool clean_ = true;
  uint64_t succeeded_ = 0;
  uint64_t failed_ = 0;
  uint64_t retried_ = 0;
  uint64_t launched_ = 0;
};

/// When a job that begins now must have ended, and what to say if it has not.
/// `default_max_time` is for a job without one; `cap` holds for all.
msg::run_job with_deadline(job x, double now_s, duration default_max_time,
                           duration cap);

/// "2026-11-23T20:00:00Z".
std::string utc_text(double unix_s);

} // namespace render::supervisor
