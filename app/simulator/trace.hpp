#pragma once
// Which jobs come into the queue, and when: drawn from a seed, or recorded.
// Pure.
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
  /// Share of jobs that a front end cancels, and of jobs that have a deadline.
  double cancelled = 0.01;
  double with_deadline = 0.05;
};

/// Jobs in order of time. Fails as `invalid_input` for an unknown shape.
result<std::vector<harness::sim_job>> make_trace(const trace_options& options);

/// Reads JSON lines {"type", "created_at", "duration"}, times in Unix seconds,
/// in any order; "complete_by" is optional. The first job comes at time 0.
result<std::vector<harness::sim_job>> read_trace(std::string_view text);

/// Host names of webhook receivers in traces, one for each behaviour.
inline constexpr const char* receiver_hosts[] = {
  "hooks-prompt.sim", "hooks-slow.sim", "hooks-failing.sim", "hooks-dead.sim"};

} // namespace render::simulator
