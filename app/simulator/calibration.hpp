#pragma once
// How true forecasts are: of each job that has to wait, when it was to begin by
// what Redis says then, and when it did.
#include "app/harness/auditor.hpp"

#include <vector>

namespace render::simulator {

class calibration {
public:
  explicit calibration(harness::sim_world& world);

  /// The forecast of a job that waits, now.
  void ask(size_t job);

  struct outcome {
    size_t asked = 0;
    size_t within = 0;
    size_t sooner = 0;
    size_t later = 0;
    /// No worker could say.
    size_t unknown = 0;
  };
  /// After the run.
  outcome compare(const harness::auditor& watch) const;

private:
  struct said {
    size_t job = 0;
    double at_s = 0;
    double low_s = 0;
    double high_s = 0;
  };
  harness::sim_world& world_;
  std::vector<said> said_;
  size_t unknown_ = 0;
};

} // namespace render::simulator
