#pragma once
// One simulated run of a whole fleet (workers, trace, faults, auditor), and its
// outcome. The same options give the same run, message for message.
#include "app/harness/auditor.hpp"
#include "app/harness/faults.hpp"
#include "app/simulator/calibration.hpp"
#include "app/simulator/trace.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace render::simulator {

struct fleet_options {
  uint64_t seed = 1;
  size_t nodes = 3;
  std::vector<harness::sim_job> jobs;
  /// Faults happen during this time only; all work must end after it.
  double hours = 24;
  harness::fault_set faults;
  /// Events of each kind of fault in an hour.
  double faults_per_hour = 1;
  /// Settings of the workers, as environment variables.
  environment settings;
  /// The workers know of each other.
  bool cluster = false;
  /// Number of strangers' workloads on the same account.
  size_t foreign = 2;
  /// Time after the last job by which everything must be done.
  double settle_hours = 3;
  /// Seconds between samples for the charts; 0: no samples.
  double sample_every_s = 0;
  /// So long after a job has come its begin is foretold, seconds; negative:
  /// never.
  double forecast_after_s = -1;
  /// Record messages from here on (see `virtual_time::record`), seconds;
  /// negative: never.
  double record_from_s = -1;
  size_t record_limit = 200'000;
  /// Which messages are recorded; empty: all.
  std::function<bool(const harness::virtual_time::trace_entry&)> record_only;
  /// Called at the end of the run.
  std::function<void(harness::sim_world&)> inspect;
};

struct fleet_outcome {
  /// True for a computed bound: there are no webhooks, faults or samples.
  bool is_bound = false;
  std::optional<harness::violation> broken;
  uint64_t hash = 0;
  uint64_t messages = 0;
  uint64_t redis_commands = 0;
  uint64_t http_requests = 0;
  uint64_t fault_events = 0;
  double virtual_s = 0;

  size_t jobs = 0;
  size_t succeeded = 0;
  size_t failed = 0;
  size_t cancelled = 0;
  size_t missed_deadlines = 0;
  size_t webhooks_delivered = 0;
  /// Seconds from push to begin, sorted.
  std::vector<double> waits_s;
  /// When each job began for the first time, seconds of the run; negative:
  /// never.
  std::vector<double> begun_s;

  uint64_t launches = 0;
  double rented_s = 0;
  double busy_s = 0;
  double cost = 0;
  calibration::outcome forecasts;
  std::vector<harness::auditor::sample> samples;
  std::vector<harness::virtual_time::trace_entry> recorded;
};

fleet_outcome run_fleet(const fleet_options& options);

/// The fastest simulated GPU, on which a bound is based: the luckiest draws.
struct quickest_gpu {
  /// From a launch until a service answers, seconds.
  double boot_s = 22;
  /// Share of a job's `duration_s` that its work may take.
  double work = 0.95;
  /// Jobs at a time. With more than one, all slots count as always in use,
  /// which makes the bound less tight.
  size_t slots = 1;
};

/// A lower bound that knows the future: each job begins when it arrives, on a
/// GPU that was launched in time, and a GPU is kept over a gap only when that
/// is shorter than a boot. Jobs that are cancelled before they could end, or
/// cannot meet their deadline, are never begun. No policy without waiting jobs
/// can rent less.
fleet_outcome clairvoyant(const std::vector<harness::sim_job>& jobs,
                          const quickest_gpu& gpu);

/// "rule: subject: text".
std::string describe(const harness::violation& x);

} // namespace render::simulator
