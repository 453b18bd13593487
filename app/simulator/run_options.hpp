#pragma once
// The options of c3-sim for a run.
#include "app/simulator/fleet.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::simulator {

struct run_options {
  uint64_t seed = 1;
  size_t nodes = 3;
  /// 0: as long as the recorded trace.
  double hours = 24;
  size_t jobs = 1'000;
  double mean_work_s = 10;
  double group = 30;
  /// A shape, or the path of a recorded trace.
  std::string trace = "bursty";
  /// Names separated by commas; `make_run` leaves them to its caller.
  std::string policy = "ledger";
  std::string faults = "none";
  double faults_per_hour = 1;
  /// NAME=VALUE each.
  std::vector<std::string> settings{};
};

/// The path of a file has a dot or a slash, a shape has neither.
bool is_shape(const std::string& trace);

/// Reads the trace's file if there is one. Fails as `invalid_input`, naming the
/// option.
result<fleet_options> make_run(const run_options& options);

/// Workers with this LAUNCH_POLICY; "cluster": workers that know of each other.
fleet_options with_policy(fleet_options run, const std::string& policy);

} // namespace render::simulator
