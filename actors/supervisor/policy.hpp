#pragma once
// Decides where claimed jobs go, when GPUs are rented and retired, which
// failures are tried again, and how the node drains. Pure: no actors, no I/O,
// no clock; randomness from a seeded engine.
#include "actors/supervisor/deadline.hpp"
#include "actors/supervisor/effects.hpp"
#include "actors/supervisor/estimates.hpp"
#include "actors/supervisor/launching.hpp"
#include "actors/supervisor/lines.hpp"
#include "actors/supervisor/traffic.hpp"
#include "actors/supervisor/verdict.hpp"
#include "messages/confirmations.hpp"
#include "messages/text/append.hpp"

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

/// `now_s` is by the steady clock, as in `moment`.
class policy {
public:
  explicit policy(config cfg);

  effects start();
  /// Also after the QUEUE WATCHER was started anew: it begins to count at 0.
  effects on_watcher_started();
  effects on_watcher_died(const std::string& why, double now_s);
  effects on_jobs_claimed(msg::jobs_claimed x, const moment& now);
  effects on_backlog(const msg::backlog& x, const moment& now);
  /// Of the other workers.
  effects on_fleet_view(msg::fleet_view x, double now_s);
  effects on_gpus_taken(const result<msg::gpus_taken>& got, double now_s);
  effects on_gpus_viewed(const view_gpus& asked,
                         const result<msg::gpus_seen>& got, const moment& now);
  /// Of the jobs that wait for GPUs of this type.
  effects on_inputs_seen(const workload_type& type,
                         const result<msg::inputs_seen>& got, double now_s);
  effects on_gpu_update(const msg::gpu_update& x, double now_s);
  /// A GPU INSTANCE died without a word.
  effects on_gpu_died(uint64_t instance, const std::string& why, double now_s);
  effects on_job_ended(msg::job_ended x, double now_s);
  /// The render is done; its RENDERER tries to store the result, and needs no
  /// GPU for that.
  effects on_render_parked(const job_id& id, const failure& why, double now_s);
  /// The end of such a RENDERER.
  effects on_parked_ended(const job_id& id, job_outcome outcome, double now_s);
  effects on_surroundings_seen(const msg::surroundings_seen& x, double now_s);
  /// `unix_s`: 0 when nobody asks how long the job took.
  effects on_settled(msg::job_settled x, double unix_s = 0);
  effects on_released(const job_id& id);
  /// The ledger did not confirm; it is asked again, which is safe.
  effects on_write_failed(ledger_write what, const failure& why);
  effects on_timer(timer which, uint64_t generation, double now_s);
  /// One that `hurries` does so while the node drains; another is none then.
  effects on_drain(const std::string& reason, double now_s,
                   bool hurries = true);
  effects on_flushed();
  effects on_handed_over(const msg::hand_over_gpus& asked,
                         const result<msg::gpus_handed_over>& got);
  effects on_gpus_given();
  effects on_orders(const msg::fleet_orders& x, double now_s);

  /// Reasons have their times by the wall clock of `now`.
  msg::node_status status(bool with_jobs = true, const moment& now = {}) const;

  /// All that we look after. A job whose end the ledger is told is the
  /// ledger's.
  msg::confirm_jobs held_jobs() const;
  msg::confirm_gpus held_gpus() const;

  bool draining() const noexcept {
    return drain_.phase != drain_phase::none;
  }

private:
  enum class drain_phase : uint8_t { none, finishing, halting, flushing, done };

  struct held_job {
    msg::run_job task;
    /// GPUs that have failed under it while it was ours.
    uint32_t failures = 0;
    /// Where it runs; 0 while it waits for a slot.
    uint64_t instance = 0;
    /// The GPU has said that it runs.
    bool begun = false;
    /// Rendered; the result waits for the storage.
    bool parked = false;
    /// GPUs that were on their way out when it reached them.
    uint32_t refusals = 0;
    uint64_t avoid_instance = 0;
    double pending_since_s = 0;
    /// When it got its slot.
    double placed_s = 0;
    /// What its attempts have used of GPUs, since it is ours.
    std::vector<gpu_share> used;
    /// The same job, queued anew by a front end and claimed while this runs.
    std::optional<msg::run_job> claimed_again;
  };

  struct gpu {
    workload_type type;
    msg::gpu_update last;
    /// In the order in which they were sent.
    std::vector<job_id> jobs;
    bool told_to_stop = false;
    double rented_s = 0;
    double ready_since_s = 0;
    /// When a job last ended on it, or it became ready.
    double idle_since_s = 0;
    /// Seconds that it had no job before it was given to this worker.
    double idle_before_s = 0;
    /// Of the timer that ends the suspicion; 0: trusted.
    uint64_t suspect_generation = 0;
    /// The GPU that was launched in its place; 0: none.
    uint64_t successor = 0;
  };

  /// How it stands with launches for one workload type.
  struct launch_record {
    launching::stage at;
    launch_reason why;
    launching::refusals refused;
    launching::budget_hold budget;
    input_gate inputs;
    /// The next random wait, once it is drawn.
    std::optional<duration> jitter;
    struct armed {
      double until_s = 0;
      uint64_t generation = 0;
    };
    std::optional<armed> due;
    /// Of the fleet: what a boot and a run take, the jobs that run, and those
    /// that wait, as far as they were seen.
    double boot_s = 0;
    launching::by_kind<double> run_s{};
    uint64_t runs = 0;
    uint64_t waits = 0;
    traffic seen;
  };

  /// Told to the ledger and not answered yet.
  struct open_writes {
    std::map<job_id, ended_job> unsettled;
    std::set<job_id> releasing;
    /// How often a job's end was refused.
    std::map<job_id, uint32_t> refusals;
    /// To be asked for again, by the generation of their timer.
    std::map<uint64_t, ledger_write> put_off;
  };

  /// The QUEUE WATCHER's deaths within the window, and the timer of the next
  /// start.
  struct watcher_life {
    std::deque<double> deaths;
    uint64_t generation = 0;
  };

  /// Waiting jobs by type, as they were seen at `at_s`.
  struct queue_seen {
    std::map<std::string, uint64_t> by_type;
    /// Of these, the ones that have no inputs.
    std::map<std::string, uint64_t> without_inputs;
    double at_s = 0;
    /// Since when the first of these waits; 0: not known.
    double waits_since_s = 0;
  };

  /// What the QUEUE WATCHER was told, and how many jobs it has sent.
  struct offer {
    std::optional<msg::capacity> told;
    uint64_t jobs_received = 0;
  };

  /// What the other workers were told last.
  struct own_words {
    std::optional<worker_facts> told;
    double at_s = 0;
    /// The timer is about a change that was held back.
    bool soon = false;
    uint64_t generation = 0;
  };

  /// Generations of the timers that are armed; 0: it is not.
  struct timers {
    uint64_t pending = 0;
    uint64_t adoption = 0;
    uint64_t keep = 0;
  };

  struct last_numbers {
    uint64_t generation = 0;
    uint64_t instance = 0;
  };

  struct unfitness {
    uint64_t generation = 0;
    /// What the last plan was made for.
    bool told_fit = true;
    /// How often a job could not be done for want of surroundings.
    std::map<job_id, uint32_t> tries;
    /// Who has paused the launches of the fleet; empty: nobody.
    std::string paused;
  };

  struct drain_state {
    drain_phase phase = drain_phase::none;
    /// 0: no claim can be under way.
    uint64_t grace_generation = 0;
    uint64_t generation = 0;
    uint64_t give_up_generation = 0;
    /// No GPU was left running.
    bool clean = true;
  };

  /// Since the start.
  struct totals {
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    uint64_t retried = 0;
    uint64_t launched = 0;
  };

  /// How a job that is held leaves: with this end, back to the queue, or
  /// without a word, since it is somebody else's.
  struct back_to_queue {};
  struct forgotten {};
  using way_out = std::variant<job_outcome, back_to_queue, forgotten>;

  // jobs.cpp
  held_job hold(job x, const moment& now) const;
  effects take(held_job x, double now_s);
  effects place(const job_id& id, double now_s);
  effects place_pending(double now_s);
  std::optional<uint64_t> find_slot(const held_job& x) const;
  verdict judge_end(const held_job& x, const job_outcome& outcome,
                    double now_s);
  effects conclude(held_job x, job_outcome outcome, double now_s);
  /// The only way by which a job that is held leaves this worker: what was
  /// claimed again meanwhile stays, under the newer claim.
  effects let_go(held_job x, way_out how, double now_s);
  /// Its entry in the launch ledger; empty: it is on none.
  ledger_id gpu_of(const held_job& x) const;
  effects end(job x, job_outcome outcome, ledger_id gpu = {});
  effects begin_again(held_job x, double now_s);
  effects count_failure(held_job x, verdict what, const failure& why,
                        double now_s);
  effects suspect(uint64_t instance);
  effects put_back(const job& x);
  effects watch_pending();
  void mark_begun(const gpu& x);

  // surroundings.cpp
  effects cannot_do(held_job x, bool for_good, const failure& why,
                    double now_s);
  effects follow(fitness::change x, double now_s);
  effects stop_parked(const std::string& reason) const;

  // policy.cpp
  uint64_t add_gpu(const workload_type& type, const ledger_id& id,
                   double now_s = 0);
  uint32_t free_slots(const gpu& x) const;
  effects capacity();
  effects gpu_gone(uint64_t instance, const std::string& why, double now_s);
  effects on_trust_due(uint64_t generation, double now_s);
  effects settle_down(double now_s);

  // scaling.cpp
  effects scale(double now_s);
  /// By what the ledger has shown, if it was asked.
  effects decide(const workload_type& type, double now_s);
  effects scale_type(const workload_type& type, double now_s,
                     std::optional<launching::slots_elsewhere> elsewhere
                     = std::nullopt);
  launching::situation situation_of(const workload_type& type, double now_s);
  launching::by_kind<launching::waiting_jobs>
  waiting_jobs_of(const workload_type& type, const input_gate& inputs,
                  double now_s) const;
  std::vector<launching::own_gpu> own_gpus_of(const workload_type& type,
                                              double now_s) const;
  effects carry_out(const workload_type& type, const launching::step& what,
                    double now_s);
  effects watch_launch(const workload_type& type, std::optional<double> due_s,
                       double now_s);
  effects on_launch_due(uint64_t generation, double now_s);
  effects tell(const workload_type& type, launch_reason why, double now_s);
  rent rent_one(const workload_type& type, double now_s);
  effects make_room(const workload_type& type, double now_s);
  uint64_t on_their_way(const std::vector<gpu_entry>& entries,
                        double unix_s) const;
  bool is_leaving() const;
  std::optional<uint64_t> in_the_way(const workload_type& type,
                                     double now_s) const;
  bool is_in_the_way(const gpu& x, const workload_type& type,
                     double now_s) const;
  /// Jobs in the queue, as they were last seen.
  uint64_t queued_for(const workload_type& type) const;
  /// With those that are ours and have no slot.
  uint64_t waiting_for(const workload_type& type) const;
  const workload_type& workload_of(const std::string& job_type) const;
  void gpu_failed(const workload_type& type, const std::string& why,
                  double now_s);
  void note_budget(const workload_type& type, const msg::gpu_update& gone,
                   double now_s);
  // inputs.cpp
  effects look_first(const workload_type& type, double now_s);
  // succession.cpp
  effects watch_age(const gpu& x, double now_s) const;
  effects succeed(double now_s);
  effects successor_gone(uint64_t instance, double now_s);
  bool wants_successor(const gpu& x, double now_s) const;
  uint32_t room() const;
  // peers.cpp
  /// `ages`: how long boots and runs last, below 0, in place of what is left.
  worker_facts own_facts(double now_s, bool ages = false) const;
  void add_times(worker_facts& to, double now_s) const;
  effects tell_others(double now_s);
  effects on_tell_due(uint64_t generation, double now_s);
  bool sees_fleet(double now_s) const;
  launching::fleet_outlook outlook_of(const workload_type& type, double now_s);
  void watch_traffic(const workload_type& type, double now_s);
  bool is_idle(const gpu& x) const;
  effects watch_idle();
  effects on_keep_due(uint64_t generation, double now_s);
  effects keep(const workload_type& type, double now_s);
  // adoption.cpp
  effects adopt(const gpu_entry& x, std::vector<workload_id> known,
                bool vouched = false, std::optional<double> given_idle_s = {});
  ledger_id make_ledger_id();

  // hand_over.cpp
  bool is_worth_giving(const gpu& x) const;
  effects leave_gpus(double now_s);
  effects give_idle(double now_s);
  double idle_for_s(const gpu& x, double now_s) const;
  effects on_hand_over_due(uint64_t generation);
  // drain.cpp
  effects halt_all(const std::string& reason);
  effects check_drained();

  config cfg_;
  std::mt19937_64 random_;
  last_numbers last_;
  timers due_;
  std::map<uint64_t, gpu> gpus_;
  /// Ours, not settled yet: running, or waiting for a slot.
  std::map<job_id, held_job> jobs_;
  /// Ids in `jobs_` that have no slot, in order.
  std::deque<job_id> pending_;
  open_writes writes_;
  offer offer_;
  watcher_life watcher_;
  queue_seen queue_;
  peer::view view_;
  own_words words_;
  estimates estimates_;
  std::map<workload_type, launch_record> launches_;
  fitness fitness_;
  unfitness unfit_;
  drain_state drain_;
  farewell farewell_;
  totals totals_;
};

} // namespace render::supervisor
