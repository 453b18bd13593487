#pragma once
// Decides how a worker ends: by order, or because one of its top-level actors
// has ended by itself. A worker of which a part is missing looks well and does
// only some of its work, so it ends as a whole and another takes its place.
// Pure: no actors, no clock.
#include "actors/say.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace render::root {

using duration = std::chrono::milliseconds;

/// The part that puts jobs back and stops GPUs.
inline constexpr const char* supervisor = "SUPERVISOR";
/// The part that writes to Redis.
inline constexpr const char* job_store = "JOB STORE";

struct config {
  /// The SUPERVISOR's limit for its drain after another part has ended.
  duration hurried_drain{5'000};
  /// The limit of the question whether Redis has all that was written.
  duration flush{3'000};
  /// The limit of each part to stop after it was asked to.
  duration stop{1'000};
};

/// The SUPERVISOR is asked to drain.
struct drain {
  std::string reason;
};
/// The JOB STORE, which is alive, is asked for a sign of life: Redis answers in
/// order, so the answer follows all that was written before.
struct flush {};
struct stop_part {
  std::string name;
};
/// A part that has not stopped in time.
struct kill_part {
  std::string name;
};
struct arm_timer {
  uint64_t generation = 0;
  duration delay{0};
};
/// The worker has a fault: /healthz and /readyz tell it.
struct tell_fault {
  std::string what;
};
/// The last effect.
struct finish {
  bool clean = true;
};

using effect = std::variant<drain, flush, stop_part, kill_part, arm_timer,
                            tell_fault, finish, say>;
using effects = std::vector<effect>;

/// States: working -> draining -> flushing -> stopping -> over. A part is
/// stopped before the parts that it needs.
class policy {
public:
  explicit policy(config cfg) : cfg_(cfg) {
    // nop
  }

  /// Parts are told in the order of their start: a part needs only earlier
  /// ones.
  void on_part(std::string name);
  effects on_part_ended(const std::string& name, const std::string& why);
  /// Somebody wants the worker to end. The second order hurries.
  effects on_drain_wanted(const std::string& reason);
  /// The SUPERVISOR has drained.
  effects on_drained(bool clean);
  /// `why_not` is empty when Redis has all that was written.
  effects on_flushed(const std::string& why_not);
  /// The worker ends without a drain: it has taken no jobs yet, or no longer.
  effects on_stop_wanted();
  effects on_timer(uint64_t generation);

private:
  struct working {};
  struct draining {
    /// Of the limit's timer; 0: the SUPERVISOR has its own limit.
    uint64_t limit = 0;
  };
  struct flushing {};
  struct stopping {
    std::string name;
    uint64_t limit = 0;
  };
  struct over {};

  bool has(const char* part) const;
  effects end_because(const std::string& fault);
  effects flush_now();
  effects stop_next();

  config cfg_;
  /// Alive, in the order of their start.
  std::vector<std::string> parts_;
  std::variant<working, draining, flushing, stopping, over> state_;
  bool clean_ = true;
  uint64_t generation_ = 0;
};

} // namespace render::root
