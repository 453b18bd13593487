#pragma once
// An actor system on CAF's test scheduler: one thread, virtual time.
#include "messages/moment.hpp"
#include "messages/type_ids.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace render::harness {

/// Fixture base. Every actor that a test spawns through it is killed at the
/// end, since a live periodic timer would keep ~actor_system busy for ever.
class deterministic_system {
public:
  deterministic_system();

  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  ~deterministic_system() {
    for (auto& x : spawned_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    spawned_.clear();
    run();
  }

  caf::actor_system& system() {
    return *system_;
  }

  template <class F, class... Ts>
  auto spawn(F f, Ts&&... xs) {
    auto handle = system_->spawn(f, std::forward<Ts>(xs)...);
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    run();
    return handle;
  }

  /// Takes over an actor that was spawned elsewhere, such as by another actor.
  template <class Handle>
  Handle adopt(Handle handle) {
    spawned_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  /// Drops the fixture's handle, which would keep the actor in memory even
  /// after its end.
  template <class Handle>
  void let_go(const Handle& handle) {
    std::erase(spawned_, caf::actor_cast<caf::actor>(handle));
  }

  /// Delivers all messages that are due now; time stands still.
  void run();

  /// Moves to each due entry in turn, so that a re-armed timer fires on time.
  void advance(caf::timespan d);

  /// Stops the process for a while: timers that are due meanwhile wait.
  void sleep(caf::timespan d) {
    scheduler_->clock().current_time += d;
  }

  /// Sets the wall clock; the steady clock stays.
  void set_wall_clock(caf::timespan forward) {
    wall_jumps_s_ += std::chrono::duration<double>(forward).count();
  }

  /// The wall clock: Unix time `start_s` at the beginning.
  double unix_now(double start_s = 1'700'000'000.0) const {
    return start_s + elapsed_s() + wall_jumps_s_;
  }

  /// Steady seconds as in `moment`.
  double steady_now() const {
    return steady_seconds(scheduler_->clock().now());
  }

  /// Virtual milliseconds since the beginning.
  int64_t elapsed_ms() const {
    return std::llround(elapsed_s() * 1000);
  }

private:
  double elapsed_s() const {
    return std::chrono::duration<double>(
             scheduler_->clock().now().time_since_epoch())
      .count();
  }

  double wall_jumps_s_ = 0;
  caf::actor_system_config cfg_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::vector<caf::actor> spawned_;
};

} // namespace render::harness
