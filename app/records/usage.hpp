#pragma once
// How the fleet's GPUs are used now, and was over the last day. Pure.
#include "app/records/open_gpu.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace render::records {

struct fleet_use {
  /// Launched and not ended.
  size_t rented = 0;
  /// Ready, and no job runs on it.
  size_t idle = 0;
  /// What the rented ones cost, in millionths of a dollar an hour; nothing:
  /// none of them has a price.
  std::optional<int64_t> micro_per_hour;

  /// Of the rented ones, 0 to 1; nothing: none is rented.
  std::optional<double> idle_share() const {
    if (rented == 0)
      return std::nullopt;
    return static_cast<double>(idle) / static_cast<double>(rented);
  }
};

/// `busy`: ledger ids of the GPUs that run jobs.
fleet_use use_of(const std::vector<open_gpu>& gpus,
                 const std::set<std::string>& busy);

/// What rented GPUs have used since `since_s` (Unix seconds).
struct accrued {
  int64_t ms = 0;
  int64_t micro = 0;
};
accrued accrued_since(const std::vector<open_gpu>& gpus, double since_s,
                      double now_s);

/// The fleet at one time.
struct sample {
  double at_s = 0;
  double waiting = 0;
  double running = 0;
  /// Rented GPUs.
  double gpus = 0;
  /// Nothing: there were no prices.
  std::optional<double> usd_per_hour;
  /// Nothing: no GPU was rented.
  std::optional<double> idle_share;
};

/// Of the GPU time since then: the share in which GPUs were ready and had no
/// job. Nothing: no GPU was rented when somebody looked.
std::optional<double> idle_share_since(const std::vector<sample>& xs,
                                       double since_s);

/// The same in equal steps; nothing where nobody looked.
struct sample_grid {
  double from_s = 0;
  double step_s = 0;
  std::vector<std::optional<double>> waiting;
  std::vector<std::optional<double>> running;
  std::vector<std::optional<double>> usd_per_hour;
  std::vector<std::optional<double>> idle_share;
};

/// The last `count` steps until now, each the mean of its samples. Steps begin
/// at multiples of `step_s`, so that they do not change from look to look.
sample_grid grid_of(const std::vector<sample>& xs, double now_s, double step_s,
                    size_t count);

} // namespace render::records
