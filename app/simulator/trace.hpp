#pragma once
// What comes into the queue, and when: shapes drawn from a seed, or a queue
// that was recorded. Pure.
#include "app/harness/sim_jobs.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace render::simulator {

struct trace_options {
  /// steady, bursty, daily, sparse, queue.
  std::string shape = "bursty";
  uint64_t seed = 1;
  size_t jobs = 1'000;
  double hours = 24;
  /// Mean work of a job on a GPU, seconds.
  double mean_work_s = 10;
  /// Mean size of the groups of a bursty trace.
  double group = 30;
  /// Share of jobs that a front end cancels, and that have a deadline.
  double cancelled = 0.01;
  double with_deadline = 0.05;
};

/// In order of time. Fails as `invalid_input` for an unknown shape.
result<std::vector<harness::sim_job>> make_trace(const trace_options& options);

/// JSON lines {"type", "created_at", "duration"}, times in Unix seconds, in
/// any order; "complete_by" is optional. The first job comes at the beginning.
result<std::vector<harness::sim_job>> read_trace(std::string_view text);

/// Names of receivers in traces, one for each mood of a receiver.
inline constexpr const char* receiver_hosts[] = {
  "hooks-prompt.sim", "hooks-slow.sim", "hooks-failing.sim", "hooks-dead.sim"};

} // namespace render::simulator
