#pragma once
// Reports of a run: text, JSON, and a self-contained page with charts. Pure.
#include "app/simulator/fleet.hpp"

#include <string>
#include <vector>

namespace render::simulator {

struct named_outcome {
  std::string policy;
  fleet_outcome outcome;
};

struct run_facts {
  uint64_t seed = 0;
  std::string commit;
  std::string trace;
  size_t nodes = 0;
  double hours = 0;
  std::string faults;
};

std::string report_text(const run_facts& facts,
                        const std::vector<named_outcome>& runs);
std::string report_json(const run_facts& facts,
                        const std::vector<named_outcome>& runs);
/// A whole page; its charts are inline SVG.
std::string report_html(const run_facts& facts,
                        const std::vector<named_outcome>& runs);

/// A quantile of sorted values; 0 when there are none.
double quantile(const std::vector<double>& sorted, double q);

} // namespace render::simulator
