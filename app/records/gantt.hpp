#pragma once
// What each GPU did over time, from the launch ledger, the list of ended GPUs,
// events and the records of jobs. All times are Unix seconds. Pure.
#include "app/records/closed_gpu.hpp"
#include "app/records/open_gpu.hpp"
#include "app/records/timeline.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::records {

/// One attempt at a job, on one GPU.
struct job_run {
  std::string gpu;
  std::string job;
  /// Of the job; empty: not known.
  std::string type;
  uint32_t attempt = 0;
  double from_s = 0;
  /// 0: it runs yet.
  double to_s = 0;
};

/// Those that events tell of. One whose claim is not told of began at `from_s`.
std::vector<job_run> runs_of_events(const std::vector<told_event>& events,
                                    double from_s);

/// Those that the record of a job tells of, the running one included.
std::vector<job_run> runs_of_record(const std::string& id, const record& job);

/// Each attempt once; of one that is told of twice the first.
std::vector<job_run> joined(std::vector<job_run> xs);

struct gpu_life {
  std::string id;
  /// The provider's workload type.
  std::string type;
  std::string worker;
  double launched_s = 0;
  /// 0: it boots yet, or ended before it was ready.
  double ready_s = 0;
  /// Since when it stops; 0: it does not.
  double stopping_s = 0;
  /// 0: it is rented yet.
  double ended_s = 0;
};

/// Of all that were launched, in the order of their launches. Where nobody
/// knows how long one booted, it counts as ready from the launch.
std::vector<gpu_life> lives_of(const std::vector<open_gpu>& open,
                               const std::vector<closed_gpu>& closed,
                               const std::vector<told_event>& events,
                               double now_s);

struct gantt_segment {
  enum class what : uint8_t { boot, idle, job, drain };
  what kind = what::idle;
  double from_s = 0;
  double to_s = 0;
  /// Of a job.
  std::string job{};
  std::string type{};
};

struct gantt_row {
  gpu_life gpu;
  /// In the order of their beginnings. Jobs of a GPU with several slots may
  /// overlap; all other segments do not.
  std::vector<gantt_segment> segments;
};

/// Of the GPUs that were rented between these times. A time in which a job runs
/// is neither boot, idle nor drain.
std::vector<gantt_row> gantt(const std::vector<gpu_life>& lives,
                             const std::vector<job_run>& runs, double from_s,
                             double to_s);

} // namespace render::records
