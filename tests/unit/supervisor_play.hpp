#pragma once
// Plays a whole world against a SUPERVISOR's policy, at random: events come
// late, in another order, twice, or their answers get lost. What must hold
// always is checked after each event.
#include "tests/unit/supervisor_fleet.hpp"

#include <functional>
#include <queue>
#include <random>
#include <set>
#include <stdexcept>

namespace render::supervisor {

class play {
public:
  /// `jumps`: the wall clock is set by an hour, again and again.
  explicit play(uint64_t seed, bool jumps = true);

  /// Throws what was broken.
  void run();

  /// What the policy wanted and when, without dates.
  const std::string& story() const {
    return story_;
  }

private:
  using event = std::function<effects()>;

  struct due_event {
    double at_s;
    uint64_t number;
    std::shared_ptr<event> what;
    bool operator<(const due_event& other) const {
      return std::pair{at_s, number} > std::pair{other.at_s, other.number};
    }
  };

  struct machine {
    workload_type type;
    gpu_phase phase = gpu_phase::launching;
    std::vector<job_kind> ready;
    std::set<job_id> jobs;
    bool leaves = false;
    bool dead = false;
    double launched_at_s = 0;
  };

  /// What the policy has been told of a job that is ours.
  struct owned {
    uint64_t fence = 0;
    /// 0: on no GPU.
    uint64_t instance = 0;
    uint64_t run_fence = 0;
    bool parked = false;
    double unplaced_since_s = 0;
  };

  double between(double from, double to) {
    return std::uniform_real_distribution<double>{from, to}(dice_);
  }
  bool chance(double x) {
    return between(0, 1) < x;
  }
  uint64_t below(uint64_t n) {
    return n == 0 ? 0 : dice_() % n;
  }

  moment now() const {
    return {now_s_, t0 + now_s_ + jump_s_};
  }

  [[noreturn]] void broken(const std::string& what) const {
    throw std::runtime_error(what);
  }
  void after(double delay_s, event what) {
    events_.push({now_s_ + delay_s, ++last_number_,
                  std::make_shared<event>(std::move(what))});
  }
  /// A message: rarely late, so that another one overtakes it.
  void soon(event what) {
    after(chance(0.1) ? between(0, 3) : between(0, 0.05), std::move(what));
  }
  void step();
  void take(effects xs);
  void check();
  void check_reasons(const msg::node_status& st);
  void life_goes_on();
  void others_come_and_go();
  void happen();

  effects claim();
  effects queue_is_seen();
  effects a_machine_dies();
  effects a_job_ends(uint64_t instance, const job_id& id, job_outcome outcome);
  job_outcome an_outcome();
  void comes_up(uint64_t instance);
  void send_update(uint64_t instance, bool failed = false);
  void leaves_when_idle(uint64_t instance);
  void known_gone(uint64_t instance);
  void off_the_gpu(owned& x);
  void is_written(const job_id& id, uint64_t fence);

  void on(const rent& x);
  void on(const run_on& x);
  void on(const settle& x);
  void on(const release& x);
  void on(const arm_timer& x);
  void on(const supervisor::view_gpus& x);
  void on(const supervisor::look_at_inputs& x);
  void on(const look_at_queue&);
  void on(const supervisor::drain_gpu& x);
  void on(const supervisor::halt_gpu& x);
  void on(const look_around&);
  void on(const stop_renderer& x);
  void on(const supervisor::take_gpus&);
  void on(const supervisor::start_watcher&);
  void on(const send_capacity& x);
  void on(const supervisor::flush_webhooks&);
  void on(const finish&);
  void on(const hand_over& x);
  void on(const let_go_of_gpu& x);
  void on(const tell_given& x);
  template <class T>
  void on(const T&) {}

  std::mt19937_64 dice_;
  /// So that the plays with and without jumps have the same dice.
  std::optional<std::mt19937_64> jumps_;
  double jump_s_ = 0;
  std::string story_;
  config cfg_;
  policy x_;
  double now_s_ = 1'000;
  uint64_t last_number_ = 0;
  std::priority_queue<due_event> events_;
  std::map<uint64_t, machine> machines_;
  std::map<job_id, owned> mine_;
  /// Writes that are told and not confirmed.
  std::set<std::pair<job_id, uint64_t>> writes_;
  uint64_t last_fence_ = 0;
  uint64_t last_job_ = 0;
  msg::backlog seen_;
  msg::node_status before_;
  /// What the ledger says is another worker's.
  std::set<uint64_t> given_;
  bool accepting_ = false;
  bool over_ = false;
  bool finished_ = false;
  /// Fresh GPUs that the current event has launched, by type.
  std::map<workload_type, int> launched_;
};

} // namespace render::supervisor
