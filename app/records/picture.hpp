#pragma once
// All that the first screen of the operators' page shows.
#include "app/records/diagnosis.hpp"
#include "app/records/queue.hpp"
#include "app/records/risk.hpp"
#include "app/records/spend.hpp"
#include "app/records/usage.hpp"
#include "app/records/waits.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::records {

/// Why the jobs of one type wait: as its last one does, which begins last.
struct type_waits {
  std::string type;
  /// At the head of the queue.
  size_t jobs = 0;
  waiting why;
};

struct fleet_picture {
  /// Unix seconds, by Redis' clock.
  double now_s = 0;
  fleet_sight seen;
  diagnosis found;
  std::vector<type_waits> why;
  /// By their begin, the latest first; their estimated progress beside them.
  std::vector<leased_job> running;
  std::vector<std::optional<double>> estimates;
  fleet_use use;
  /// Of GPUs that have ended and of those that are rented.
  accrued today;
  /// Of the last hour, by its samples; without any of now.
  std::optional<double> idle_share;
  sample_grid samples;
};

/// "no_worker", "paused" or "draining"; else by the weightiest finding
/// "problem", "attention" or "ok".
std::string state_of(const fleet_picture& x);

/// The findings, and that deadlines are at risk.
std::vector<finding> attention_of(const diagnosis& found,
                                  const std::vector<risky_job>& risky);

result<fleet_picture> read_fleet_picture(redis& db);

} // namespace render::records
