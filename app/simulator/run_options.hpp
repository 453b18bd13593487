#pragma once
// A run as c3-sim's options say it.
#include "app/simulator/fleet.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::simulator {

struct run_options {
  uint64_t seed = 1;
  size_t nodes = 3;
  /// 0: as long as a recorded trace is.
  double hours = 24;
  size_t jobs = 1'000;
  double mean_work_s = 10;
  double group = 30;
  /// A shape, or the path of a recorded trace.
  std::string trace = "bursty";
  /// Names with commas; `make_run` leaves it to its caller.
  std::string policy = "ledger";
  std::string faults = "none";
  double faults_per_hour = 1;
  /// NAME=VALUE each.
  std::vector<std::string> settings{};
};

/// A file has a dot or a slash in its name, a shape has none.
bool is_shape(const std::string& trace);

/// Reads the trace's file if there is one. Fails as `invalid_input`, naming the
/// option.
result<fleet_options> make_run(const run_options& options);

/// Workers with this LAUNCH_POLICY.
fleet_options with_policy(fleet_options run, const std::string& policy);

} // namespace render::simulator
