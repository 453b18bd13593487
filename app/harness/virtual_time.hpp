#pragma once
// An actor system in virtual time whose order of messages comes from a seed:
// each step delivers one message of any actor that has one. The outside worlds
// act in between, from a timeline. The same seed gives the same run; `hash`
// shows that.
#include "app/harness/dice.hpp"
#include "app/harness/timeline.hpp"
#include "messages/clock.hpp"
#include "messages/type_ids.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render::harness {

/// Unix time at the beginning of each run.
inline constexpr double virtual_epoch_s = 1'700'000'000;

class virtual_time {
public:
  explicit virtual_time(uint64_t seed);
  virtual_time(const virtual_time&) = delete;
  virtual_time& operator=(const virtual_time&) = delete;
  /// All actors must have ended; see `kill` and `settle_actors`.
  ~virtual_time();

  caf::actor_system& system() {
    return *system_;
  }

  timeline& events() noexcept {
    return events_;
  }

  virtual_duration now() const noexcept {
    return events_.now();
  }

  double unix_now() const noexcept {
    return virtual_epoch_s + static_cast<double>(events_.now().count()) / 1e9;
  }

  int64_t unix_now_ms() const noexcept {
    return static_cast<int64_t>(virtual_epoch_s) * 1000
           + events_.now().count() / 1'000'000;
  }

  /// Delivers everything that is due now.
  void settle();

  /// Delivers messages among actors, and nothing else: for the end of a world,
  /// whose timeline may refer to objects that are gone.
  void settle_actors();

  /// Runs until `end`, event by event, or until `stop` has been called.
  void run_until(virtual_duration end);

  void run_for(virtual_duration d) {
    run_until(now() + d);
  }

  void stop() noexcept {
    stopped_ = true;
  }

  bool stopped() const noexcept {
    return stopped_;
  }

  /// Ends these actors and delivers the messages about their end; time stands
  /// still.
  void kill(const std::vector<caf::actor>& whom);

  /// Hash of all messages in order, and of the additions of the worlds.
  uint64_t hash() const noexcept {
    return hash_;
  }

  void add_to_hash(uint64_t x) noexcept {
    hash_ = mix(hash_, x);
  }

  uint64_t messages() const noexcept {
    return messages_;
  }

  /// One message on its way into an actor.
  struct trace_entry {
    virtual_duration when{0};
    caf::actor_id actor = 0;
    std::string name;
    std::string message;
  };

  /// Keeps the last `limit` messages after `from` as text, which is slow.
  /// `kept` selects messages; empty: all.
  void record(virtual_duration from, size_t limit,
              std::function<bool(const trace_entry&)> kept = {}) {
    record_from_ = from;
    record_limit_ = limit;
    kept_ = std::move(kept);
  }

  bool recording() const noexcept {
    return events_.now() >= record_from_;
  }

  /// Adds a line that is no message, such as a log line.
  void add_record(std::string name, std::string text);

  const std::deque<trace_entry>& recorded() const noexcept {
    return recorded_;
  }

private:
  void step();
  /// Called when `actor` is about to take its next message.
  void before(caf::scheduled_actor& actor);
  void keep(trace_entry x);
  bool advance(virtual_duration end);
  std::optional<virtual_duration> next_timer() const;

  caf::actor_system_config cfg_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  caf::actor_clock::time_point start_;
  timeline events_;
  dice order_;
  uint64_t hash_ = 0;
  uint64_t messages_ = 0;
  bool stopped_ = false;
  virtual_duration record_from_ = virtual_duration::max();
  size_t record_limit_ = 0;
  std::function<bool(const trace_entry&)> kept_;
  std::deque<trace_entry> recorded_;
};

} // namespace render::harness
