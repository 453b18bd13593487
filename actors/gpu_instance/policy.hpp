#pragma once
// Decides the life of one rented GPU, from the launch to the confirmed stop.
// Pure: no actors, no I/O, no clock, no randomness.
//
//   launching ──▶ booting ──▶ ready ⇄ (jobs) ──▶ draining ──▶ stopping ──▶ gone
//       │            │          │                               ▲
//       └────────────┴──────────┴── lost, given up, halted ─────┘
#include "actors/gpu_instance/lookup.hpp"
#include "messages/moment.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::gpu_instance {

using duration = std::chrono::milliseconds;

struct config {
  /// Given by the SUPERVISOR.
  uint64_t instance = 0;
  /// Of the launch ledger, unique among all nodes.
  std::string ledger_id;
  /// A GPU that a dead worker left, instead of one to launch.
  std::optional<gpu_entry> adopted;
  /// With `adopted`: workloads that the ledger knows, which a launch of unknown
  /// outcome cannot have made.
  std::vector<std::string> known_workloads;
  /// With `adopted`: it is this process that has launched it. Else the entry is
  /// the word of whoever may write to Redis.
  bool vouched = false;
  /// With `adopted`: how long it may wait for its first job.
  duration adopted_idle_timeout{15'000};
  /// With `adopted`: looks at the workload list for a launch of unknown
  /// outcome, and how far apart. A list may lag.
  uint32_t adopted_lookups = 8;
  duration adopted_lookup_interval{5'000};
  std::string workload_type;
  /// What this workload type serves.
  std::vector<job_kind> kinds;
  uint32_t slots = 1;
  duration idle_timeout{300'000};
  /// `expires` of the launch is now + this.
  duration max_lifetime{7'200'000};
  duration replace_after{3'600'000};
  /// Between the tries of a launch; one try more than delays.
  std::vector<duration> launch_delays{duration{5'000}, duration{15'000},
                                      duration{30'000}, duration{45'000}};
  /// Looks at the workload list that may fail before a launch of unknown
  /// outcome is given up.
  uint32_t lookups_max = 10;
  /// From the launch until the node answers.
  duration boot_timeout{600'000};
  /// From then until a service answers.
  duration portrait_boot_timeout{120'000};
  duration speech_boot_timeout{25'000};
  duration vision_boot_timeout{120'000};
  duration probe_interval_min{50};
  duration probe_interval_max{2'000};
  duration probe_timeout{5'000};
  duration health_interval{15'000};
  uint32_t health_tries = 3;
  duration health_retry_delay{2'000};
  /// Between the tries of a stop; the last one repeats.
  std::vector<duration> stop_delays{duration{1'000}, duration{2'000},
                                    duration{5'000}, duration{10'000},
                                    duration{30'000}};
  uint32_t stop_tries_max = 20;
};

enum class timer : uint32_t {
  launch_retry,
  boot_probe,
  health,
  idle,
  replace,
  lifetime,
  expiry,
  stop_retry,
};
inline constexpr size_t timer_count = 8;

/// Why the workload list was asked for.
enum class list_purpose : uint8_t {
  /// Before a launch, to know a new workload from the old ones.
  before_launch,
  /// After a launch of unknown outcome.
  lookup,
  health,
  /// After a stop that failed.
  stop_check,
};

/// Has to be confirmed before a launch; otherwise nobody waits for it.
struct write_ledger {
  gpu_entry entry;
};
/// Somebody else shall look after the entry.
struct leave_ledger {
  std::string id;
};
struct close_ledger {
  gpu_entry entry;
  std::string reason;
  double refund_amount = 0;
};

/// What other launches are known, for the list that was just read.
struct view_ledger {};

struct list_workloads {
  list_purpose purpose = list_purpose::health;
};
struct launch {
  int64_t expires_s = 0;
};
struct probe {
  /// Empty: the node itself; else the name of a job kind.
  std::string service;
};
struct stop {
  std::string workload;
};
struct arm_timer {
  timer which = timer::health;
  uint64_t generation = 0;
  duration delay{0};
};
struct start_renderer {
  msg::run_job task;
};
struct stop_renderers {
  failure reason;
};
struct report {
  msg::gpu_update update;
};
struct end_job {
  job subject;
  job_outcome outcome;
};
enum class severity : uint8_t { info, warning, error };
struct say {
  severity level = severity::info;
  std::string text;
};
struct quit {};

using effect
  = std::variant<list_workloads, write_ledger, view_ledger, leave_ledger,
                 close_ledger, launch, probe, stop, arm_timer, start_renderer,
                 stop_renderers, report, end_job, say, quit>;
using effects = std::vector<effect>;

/// The age at which a GPU takes no more jobs: `replace_after`, or a moment
/// before its lifetime ends, for jobs to get away before the provider pulls the
/// plug.
duration retirement_age(duration replace_after, duration max_lifetime);

/// How long to wait until the next probe of a machine that was launched this
/// long ago: 2 % of it, within limits, so that readiness is seen within 2 %.
duration probe_interval(const config& cfg, duration since_launch);

/// `now_s` is by the steady clock, as in `moment`.
class policy {
public:
  explicit policy(config cfg);

  effects start(const moment& now);
  effects on_listed(list_purpose purpose,
                    const result<std::vector<gpu_workload>>& got,
                    const moment& now);
  /// `workload` is what was written, empty before there was one.
  effects on_ledger_written(const std::string& workload,
                            const result<void>& got, double now_s);
  effects on_ledger_viewed(const result<msg::gpus_seen>& got, double now_s);
  /// Our entry may be another worker's by now.
  effects on_ledger_doubt();
  effects on_launched(const result<gpu_workload>& got, double now_s);
  effects on_probed(const std::string& service, const result<void>& got,
                    double now_s);
  effects on_stopped(const result<double>& got, double now_s);
  effects on_timer(timer which, uint64_t generation, double now_s);
  effects on_run_job(msg::run_job task);
  effects on_render_ended(const std::string& job_id, job_outcome outcome);
  /// The RENDERER needs the GPU no more, and is somebody else's now.
  effects on_render_parked(const std::string& job_id);
  effects on_drain(const std::string& reason, double now_s);
  effects on_halt(const std::string& reason, double now_s);

  gpu_phase phase() const noexcept {
    return phase_;
  }

  /// For log lines and requests; empty until known.
  const std::string& node() const noexcept {
    return gpu_.node;
  }

private:
  /// What a launch of ours is waiting for.
  enum class launch_step : uint8_t {
    listing,
    recording,
    calling,
    retrying,
    looking_up,
  };

  // launch.cpp
  effects begin_attempt();
  effects begin_recording(const result<std::vector<gpu_workload>>& got,
                          const moment& now);
  effects begin_adopted(const moment& now);
  effects launch_failed(const failure& why, double now_s);
  effects look_up_later(const failure& why);
  effects looked_up(const result<std::vector<gpu_workload>>& got, double now_s);
  effects lookup_failed(const failure& why, double now_s);
  effects not_found(const finding& what, double now_s);
  effects in_doubt(const finding& what, double now_s);
  effects look_further();
  effects adopt(gpu_workload gpu, double now_s);
  effects begin_boot(double now_s);
  duration launch_delay() const;
  /// `expires` of a launch at that date.
  int64_t end_of(double launched_s) const;

  // policy.cpp
  effects slot_freed();
  effects boot_tick(double now_s);
  effects service_ready(job_kind kind, double now_s);
  effects health_tick();
  effects health_listed(const std::vector<gpu_workload>& all, double now_s);
  effects health_probed(const result<void>& got, double now_s);
  effects lose(const std::string& why, double now_s);
  effects retire(const std::string& why, double now_s);
  effects begin_stop(const std::string& why, double now_s);
  effects stop_checked(const result<std::vector<gpu_workload>>& got,
                       double now_s);
  bool is_ours(const gpu_workload& listed);
  effects not_ours();
  effects stop_failed(const std::string& why);
  effects send_stop();
  effects disown();
  effects maybe_gone();
  std::string entry_id() const;
  gpu_entry entry() const;
  effects arm(timer which, duration delay);
  void disarm(timer which);
  duration idle_timeout() const;
  report update() const;
  duration service_timeout(job_kind kind) const;
  /// Launched, and no stop is under way.
  bool lives() const;
  bool is_ready(job_kind kind) const;
  /// No other service is expected to come up.
  bool has_booted() const;

  config cfg_;
  gpu_phase phase_ = gpu_phase::launching;
  gpu_workload gpu_;
  std::string reason_;
  bool failed_ = false;
  bool leaked_ = false;
  std::array<uint64_t, timer_count> generations_{};

  launch_step launch_step_ = launch_step::listing;
  /// The ledger has not confirmed yet that the launch was refused.
  bool refusal_open_ = false;
  uint32_t launch_attempt_ = 0;
  int64_t expires_sent_s_ = 0;
  /// A date, and the same by the steady clock.
  double launch_sent_s_ = 0;
  double launch_sent_at_s_ = 0;
  /// Of the launch, when they were listed before it.
  std::vector<std::string> known_before_;
  /// What the latest look-up has listed, until the ledger is known as well.
  std::vector<gpu_workload> listed_;
  /// Workloads of other launches.
  std::set<std::string> held_;
  /// Entries of launches before this one that nobody knows the outcome of.
  uint32_t entries_left_ = 0;
  uint32_t lookups_ = 0;
  uint32_t lookups_failed_ = 0;
  failure launch_error_{failure_kind::internal, {}};
  /// Told to stop while a launch was under way.
  std::optional<std::string> stop_wanted_;

  /// A date, and the same by the steady clock.
  double launched_s_ = 0;
  double launched_at_s_ = 0;
  /// Since when it is our business to wait for it.
  double boot_since_s_ = 0;
  /// The ledger has an entry of ours.
  bool recorded_ = false;
  /// The provider lists the workload as one that our launch can have made.
  bool is_known_ = false;
  /// Another worker has taken the GPU from us.
  bool disowned_ = false;
  /// Waits for the ledger's word that the GPU is ours to stop.
  bool stop_held_ = false;
  /// Nobody knows whether the launch has made a GPU.
  bool unsure_ = false;
  double refund_ = 0;
  bool had_a_job_ = false;
  double node_up_s_ = 0;
  std::vector<job_kind> ready_;
  std::set<job_kind> given_up_;
  std::set<std::string> probing_;

  uint32_t unlisted_ = 0;
  uint32_t probes_failed_ = 0;

  std::map<std::string, msg::run_job> running_;
  bool stop_confirmed_ = false;
  uint32_t stop_attempt_ = 0;
};

} // namespace render::gpu_instance
