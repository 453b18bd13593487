#pragma once
// The runs that every change has to survive; hunt.sh says them as command
// lines.
#include "app/simulator/fleet.hpp"

#include <string>

namespace render::simulator {

/// Nothing goes wrong but receivers of webhooks: the rules are stricter then.
inline bool is_calm(uint64_t seed) {
  return seed % 11 == 0;
}

inline constexpr const char* storm_faults
  = "safe,-redis-amnesia,-redis-failover";

/// A large fleet, and each kind of fault once a minute, but no lost data.
inline bool is_storm(uint64_t seed) {
  return seed % 10 == 5;
}

/// A hundred jobs in an hour, four nodes, every kind of fault that the rules
/// must hold under, about one event every forty seconds. The shape of the
/// trace changes from seed to seed.
inline fleet_options corpus_run(uint64_t seed, std::string faults = {}) {
  static constexpr const char* shapes[] = {"bursty", "steady", "sparse",
                                           "queue", "daily"};
  auto storm = faults.empty() && is_storm(seed);
  trace_options trace;
  trace.shape = shapes[seed % std::size(shapes)];
  trace.seed = seed;
  trace.jobs = storm ? 300 : 100;
  trace.hours = storm ? 0.2 : 1;
  if (faults.empty())
    faults = storm ? storm_faults : is_calm(seed) ? "receivers" : "safe";
  fleet_options out;
  out.seed = seed;
  out.nodes = storm ? 40 : 4;
  out.hours = trace.hours;
  out.jobs = *make_trace(trace);
  out.faults = *harness::parse_faults(faults);
  out.faults_per_hour = storm ? 60 : 4;
  // A node with room for more is another node.
  if (seed % 3 == 0)
    out.settings = {{"MAX_GPUS", "3"}, {"JOBS_PER_GPU", "2"}};
  if (seed % 7 == 0)
    out.settings["LAUNCH_POLICY"] = "contract";
  return out;
}

} // namespace render::simulator
