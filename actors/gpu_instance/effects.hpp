#pragma once
// How a GPU INSTANCE is set up, and what its policy asks for.
#include "actors/say.hpp"
#include "messages/gpu_ledger.hpp"
#include "messages/moment.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace render::gpu_instance {

using duration = std::chrono::milliseconds;

struct config {
  /// Given by the SUPERVISOR.
  uint64_t instance = 0;
  /// Of the launch ledger, unique among all nodes.
  render::ledger_id ledger_id;
  /// A GPU that a dead worker left, instead of one to launch.
  std::optional<gpu_entry> adopted;
  /// With `adopted`: workloads that the ledger knows, which a launch of unknown
  /// outcome cannot have made.
  std::vector<workload_id> known_workloads;
  /// With `adopted`: it is this process that has launched it. Else the entry is
  /// the word of whoever may write to Redis.
  bool vouched = false;
  /// With `adopted`, of one that a living worker has given to this one: the
  /// seconds that it has had no job.
  std::optional<double> given_idle_s;
  /// With `adopted` only: how long it may wait for its first job.
  duration adopted_idle_timeout{15'000};
  /// With `adopted`: looks at the workload list for a launch of unknown
  /// outcome, and how far apart. A list may lag.
  uint32_t adopted_lookups = 8;
  duration adopted_lookup_interval{5'000};
  render::workload_type workload_type;
  /// What this workload type serves.
  std::vector<job_kind> kinds;
  uint32_t slots = 1;
  duration idle_timeout{300'000};
  /// `expires` of the launch is now + this.
  duration max_lifetime{7'200'000};
  duration replace_after{3'600'000};
  /// Between the tries of a launch; one try more than delays.
  std::vector<duration> launch_delays{duration{5'000}, duration{15'000},
                                      duration{30'000}, duration{45'000}};
  /// Looks at the workload list that may fail before a launch of unknown
  /// outcome is given up.
  uint32_t lookups_max = 10;
  /// From the launch until the node answers.
  duration boot_timeout{600'000};
  /// From then until a service answers.
  duration portrait_boot_timeout{120'000};
  duration speech_boot_timeout{25'000};
  duration vision_boot_timeout{120'000};
  duration probe_interval_min{50};
  duration probe_interval_max{2'000};
  duration probe_timeout{5'000};
  duration health_interval{15'000};
  uint32_t health_tries = 3;
  duration health_retry_delay{2'000};
  /// Between the tries of a stop; the last one repeats.
  std::vector<duration> stop_delays{duration{1'000}, duration{2'000},
                                    duration{5'000}, duration{10'000},
                                    duration{30'000}};
  uint32_t stop_tries_max = 20;
};

enum class timer : uint32_t {
  launch_retry,
  boot_probe,
  health,
  idle,
  replace,
  lifetime,
  expiry,
  stop_retry,
  /// Of the provider's list. All GPUs of a worker look at the same time, so
  /// that one list serves them.
  list,
};
inline constexpr size_t timer_count = 9;

/// Why the workload list was asked for.
enum class list_purpose : uint8_t {
  /// Before a launch, to know a new workload from the old ones.
  before_launch,
  /// After a launch of unknown outcome.
  lookup,
  health,
  /// After a stop that failed.
  stop_check,
};

/// Has to be confirmed before a launch; otherwise nobody waits for it.
struct write_ledger {
  gpu_entry entry;
};
/// Somebody else shall look after the entry.
struct leave_ledger {
  ledger_id id;
};
struct close_ledger {
  gpu_entry entry;
  std::string reason;
  double refund_amount = 0;
};

/// What other launches are known, for the list that was just read.
struct view_ledger {};

struct list_workloads {
  list_purpose purpose = list_purpose::health;
  /// A list that was asked for less than so long ago will do. 0: only a new
  /// one.
  duration age{0};
};
struct launch {
  int64_t expires_s = 0;
};
struct probe {
  /// Empty: the node itself; else the name of a job kind.
  std::string service;
};
struct stop {
  workload_id workload;
};
struct arm_timer {
  timer which = timer::health;
  uint64_t generation = 0;
  duration delay{0};
};
struct start_renderer {
  msg::run_job task;
};
struct stop_renderers {
  failure reason;
};
struct report {
  msg::gpu_update update;
};
struct end_job {
  job subject;
  job_outcome outcome;
};
struct quit {};

using effect
  = std::variant<list_workloads, write_ledger, view_ledger, leave_ledger,
                 close_ledger, launch, probe, stop, arm_timer, start_renderer,
                 stop_renderers, report, end_job, say, quit>;
using effects = std::vector<effect>;

} // namespace render::gpu_instance
