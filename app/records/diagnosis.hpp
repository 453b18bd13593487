#pragma once
// What is wrong with a fleet, by what stands in Redis: the judgement of
// `c3ctl doctor` and of the operators' page. Pure.
#include "app/records/provider.hpp"
#include "app/records/worker_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render::records {

/// Waiting jobs of one type.
struct waiting_type {
  uint64_t jobs = 0;
  /// Of the oldest one, since its creation.
  double oldest_s = 0;
  /// Jobs whose `complete_by` has passed.
  uint64_t expired = 0;
};

struct redis_health {
  /// Bytes; 0: no limit, or not known.
  uint64_t used = 0;
  uint64_t limit = 0;
  /// "noeviction" …; empty: not known.
  std::string eviction;
  /// "ok", or how the latest write to disk went; empty: not known.
  std::string last_save;
};

/// All that the judgement rests on, seen within one second or so.
struct fleet_sight {
  redis_health store;
  std::map<std::string, waiting_type> waiting;
  /// More jobs wait than were looked at.
  uint64_t not_looked_at = 0;
  std::vector<worker_view> workers;
  std::vector<open_gpu> gpus;
  /// Nothing: no worker has told it.
  std::optional<provider_sight> provider;
  /// Of `c3:paused`; empty: launches are not paused.
  record pause;
  /// Jobs with a lease, and those of them whose lease has run out.
  uint64_t running = 0;
  uint64_t abandoned = 0;
  /// Since when the longest of these has run out.
  double abandoned_s = 0;
  /// Jobs that failed within the last hour, and how the latest did.
  uint64_t failed_lately = 0;
  std::string failed_error;
  uint64_t webhooks_waiting = 0;
  /// Of those looked at: with at least one failed try, and how that went.
  uint64_t webhooks_failing = 0;
  std::string webhook_failure;
  /// Since the most overdue webhook was due.
  double webhook_overdue_s = 0;
  uint64_t webhooks_dead = 0;
  /// What the latest dead letter ended with.
  std::string webhook_error;
};

enum class weight : uint8_t {
  /// Jobs, webhooks or money are lost until somebody acts.
  problem,
  /// Worth a look; the fleet copes with it.
  warning,
};

struct finding {
  weight how = weight::warning;
  std::string what;
  /// Likely, where it cannot be known.
  std::string cause;
  std::string advice;
  /// A word for programs.
  std::string code;
  /// Whom it is about; empty: nobody in particular.
  std::string worker{};
  std::string gpu{};
  std::string job{};
};

struct diagnosis {
  /// "work flows", "work flows, with problems", "no job runs yet, 3 wait", "no
  /// work flows" …
  std::string verdict;
  /// Problems first.
  std::vector<finding> findings;

  bool well() const;
  /// Of the weightiest finding; nothing: there is none.
  std::optional<weight> worst() const;
};

diagnosis diagnose(const fleet_sight& x);

/// What an error of a worker's log most likely comes from, and what helps;
/// both empty for one that explains itself.
struct likely_cause {
  std::string cause;
  std::string advice;
};
likely_cause cause_of(const std::string& error);

} // namespace render::records
