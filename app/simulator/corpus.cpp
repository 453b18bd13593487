#include "app/simulator/corpus.hpp"

#include <array>

namespace render::simulator {

bool is_calm(uint64_t seed) {
  return seed % 11 == 0;
}

bool is_storm(uint64_t seed) {
  return seed % 10 == 5;
}

bool has_all_faults(uint64_t seed) {
  return seed > 1'000'000;
}

bool is_short_lived(uint64_t seed) {
  return seed % 13 == 9;
}

run_options corpus_options(uint64_t seed, const std::string& faults) {
  static constexpr std::array shapes{"bursty", "steady", "sparse", "queue",
                                     "daily"};
  auto storm = faults.empty() && is_storm(seed);
  run_options out;
  out.seed = seed;
  out.nodes = storm ? 40 : 4;
  out.hours = storm ? 0.2 : 1;
  out.jobs = storm ? 300 : 100;
  out.trace = shapes[seed % shapes.size()];
  out.faults_per_hour = storm ? 60 : 4;
  if (!faults.empty())
    out.faults = faults;
  else if (storm)
    out.faults = "safe,-redis-amnesia,-redis-failover";
  else if (has_all_faults(seed))
    out.faults = "all";
  else
    out.faults = is_calm(seed) ? "receivers" : "safe";
  // Every third seed also plays workers with several GPUs and slots.
  if (seed % 3 == 0)
    out.settings = {"MAX_GPUS=3", "JOBS_PER_GPU=2"};
  if (is_short_lived(seed))
    out.settings.emplace_back("DEFAULT_GPU_REPLACE=300");
  if (seed % 7 == 0)
    out.policy = "contract";
  return out;
}

fleet_options corpus_run(uint64_t seed, const std::string& faults) {
  auto options = corpus_options(seed, faults);
  return with_policy(*make_run(options), options.policy);
}

} // namespace render::simulator
