#pragma once
// Decides the life of one rented GPU, from the launch to the confirmed stop.
// Pure: no actors, no I/O, no clock, no randomness.
//
//   launching ──▶ booting ──▶ ready ⇄ (jobs) ──▶ draining ──▶ stopping ──▶ gone
//       │            │          │                               ▲
//       └────────────┴──────────┴── lost, given up, halted ─────┘
#include "actors/gpu_instance/attempt.hpp"
#include "actors/gpu_instance/effects.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::gpu_instance {

/// The age at which a GPU takes no more jobs: `replace_after`, or a moment
/// before its lifetime ends, for jobs to get away before the provider pulls the
/// plug.
duration retirement_age(duration replace_after, duration max_lifetime);

/// Until the next moment at which all GPUs of this machine's workers look at
/// the provider's list: a multiple of the health interval by the steady clock.
duration until_common_look(const config& cfg, double now_s);

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
  effects on_ledger_written(const gpu_entry& written, const result<void>& got,
                            double now_s);
  effects on_ledger_viewed(const result<msg::gpus_seen>& got, double now_s);
  /// Our entry may be another worker's by now.
  effects on_ledger_doubt();
  /// It is: this worker has given it away.
  effects on_given_away();
  effects on_launched(const result<gpu_workload>& got, double now_s);
  effects on_probed(const std::string& service, const result<void>& got,
                    double now_s);
  effects on_stopped(const result<double>& got, double now_s);
  effects on_timer(timer which, uint64_t generation, double now_s);
  effects on_run_job(msg::run_job task);
  effects on_render_ended(const job_id& id, job_outcome outcome);
  /// The RENDERER needs the GPU no more, and is somebody else's now.
  effects on_render_parked(const job_id& id);
  effects on_drain(const std::string& reason, double now_s);
  effects on_halt(const std::string& reason, double now_s);

  /// How long it may go without a job from now on.
  duration idle_timeout() const;

  gpu_phase phase() const noexcept {
    return phase_;
  }

  /// For log lines and requests; empty until known.
  const gpu_host& node() const noexcept {
    return machine_.gpu.node;
  }

private:
  /// Of one workload. Another workload is another machine.
  struct machine {
    gpu_workload gpu = {};
    /// A date, and the same by the steady clock.
    double launched_s = 0;
    double launched_at_s = 0;
    /// Since when it is our business to wait for it.
    double boot_since_s = 0;
    double node_up_s = 0;
    /// The provider lists the workload as one that our launch can have made.
    bool is_known = false;
    std::vector<job_kind> ready = {};
    std::set<job_kind> given_up = {};
    std::set<std::string> probing = {};
    /// Its health is looked up in the provider's list.
    bool list_asked = false;
    /// When the list was seen last.
    double listed_at_s = 0;
    /// In a row.
    uint32_t unlisted = 0;
    uint32_t probes_failed = 0;
    /// A render has failed as if the GPU were gone.
    bool doubted = false;
  };

  // How far the stop is.
  struct not_asked {};
  /// Waits for the ledger's word that the GPU is ours to stop.
  struct held {};
  struct asked {
    uint32_t attempt = 1;
    /// Looks whether the provider lists it as ours.
    uint32_t looks = 0;
  };
  /// Confirmed, or nothing was there to stop.
  struct stopped {
    double refund = 0;
  };
  /// Given up.
  struct leaked {};
  /// It is another worker's now.
  struct disowned {};

  /// Why and how it ends.
  struct ending {
    std::string reason = {};
    bool failed = false;
    /// The limit of spending that did not allow the launch.
    std::string over_budget = {};
    std::variant<not_asked, held, asked, stopped, leaked, disowned> stop = {};

    template <class Step>
    bool is() const noexcept {
      return std::holds_alternative<Step>(stop);
    }

    bool over() const noexcept {
      return is<stopped>() || is<leaked>() || is<disowned>();
    }
  };

  // launch.cpp
  effects begin_attempt(launch_attempt x);
  effects begin_recording(const result<std::vector<gpu_workload>>& got,
                          const moment& now);
  effects begin_adopted(const moment& now);
  effects launch_failed(const failure& why, double now_s);
  effects look_up_later(const failure& why, std::set<workload_id> held = {});
  effects looked_up(const result<std::vector<gpu_workload>>& got, double now_s);
  effects lookup_failed(const failure& why, double now_s);
  effects not_found(const finding& what, double now_s);
  effects in_doubt(const finding& what, double now_s);
  effects look_further();
  effects accept(gpu_workload gpu, double now_s);
  effects begin_boot(double now_s);
  duration launch_delay() const;
  uint32_t tries() const;
  /// `expires` of a launch at that date.
  int64_t end_of(double launched_s) const;

  // policy.cpp
  effects slot_freed();
  effects boot_tick(double now_s);
  effects service_ready(job_kind kind, double now_s);
  effects look_at_list(duration most, double now_s);
  effects list_tick(double now_s);
  effects look_soon(double now_s);
  effects health_tick(bool with_list, duration age, double now_s);
  effects health_listed(const std::vector<gpu_workload>& all, double now_s);
  effects health_probed(const result<void>& got, double now_s);
  effects lose(const std::string& why, double now_s);
  effects retire(const std::string& why, double now_s);
  effects begin_stop(const std::string& why, double now_s);
  effects stop_checked(const result<std::vector<gpu_workload>>& got,
                       double now_s);
  bool is_ours(const gpu_workload& listed);
  effects not_ours();
  /// Nothing that was armed happens any more.
  void enter(gpu_phase phase);
  effects stop_failed(const std::string& why);
  effects send_stop();
  effects disown(severity level, const std::string& why);
  effects maybe_gone();
  gpu_entry entry() const;
  effects arm(timer which, duration delay);
  void disarm(timer which);
  report update() const;
  duration service_timeout(job_kind kind) const;
  /// Launched, and no stop is under way.
  bool lives() const;
  bool is_ready(job_kind kind) const;
  /// No other service is expected to come up.
  bool has_booted() const;

  config cfg_;
  gpu_phase phase_ = gpu_phase::launching;
  launch_attempt attempt_;
  machine machine_;
  ending ending_;
  std::array<uint64_t, timer_count> generations_{};
  /// Entries of launches before this one that nobody knows the outcome of.
  uint32_t entries_left_ = 0;
  /// Told to stop while a launch was under way.
  std::optional<std::string> stop_wanted_;
  /// How the last launch failed; empty: none has.
  std::string trouble_;
  bool had_a_job_ = false;
  std::map<job_id, msg::run_job> running_;
};

} // namespace render::gpu_instance
