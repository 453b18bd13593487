#include "app/simulator/run_options.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

namespace render::simulator {

namespace {

result<std::vector<harness::sim_job>> load_trace(const run_options& o) {
  if (is_shape(o.trace)) {
    trace_options t;
    t.shape = o.trace;
    t.seed = o.seed;
    t.jobs = o.jobs;
    t.hours = o.hours;
    t.mean_work_s = o.mean_work_s;
    t.group = o.group;
    return make_trace(t);
  }
  std::ifstream in{o.trace};
  if (!in)
    return fail(failure_kind::invalid_input,
                "--trace: " + o.trace + " cannot be read");
  std::stringstream text;
  text << in.rdbuf();
  return read_trace(text.str());
}

result<environment> read_settings(const run_options& o) {
  environment out;
  for (auto& x : o.settings) {
    auto at = x.find('=');
    if (at == std::string::npos)
      return fail(failure_kind::invalid_input, "--set: accepted is NAME=VALUE");
    auto name = x.substr(0, at);
    if (name == "LAUNCH_POLICY")
      return fail(failure_kind::invalid_input,
                  "--set: LAUNCH_POLICY is set by --policy");
    out[name] = x.substr(at + 1);
  }
  return out;
}

} // namespace

bool is_shape(const std::string& trace) {
  return trace.find_first_of("./") == std::string::npos;
}

result<fleet_options> make_run(const run_options& o) {
  auto jobs = load_trace(o);
  if (!jobs)
    return fail(jobs.error());
  auto faults = harness::parse_faults(o.faults);
  if (!faults)
    return fail(faults.error());
  auto settings = read_settings(o);
  if (!settings)
    return fail(settings.error());
  fleet_options run;
  run.seed = o.seed;
  run.nodes = o.nodes;
  run.jobs = std::move(*jobs);
  run.hours = o.hours;
  // Without hours a run is as long as its recorded trace.
  if (o.hours <= 0)
    run.hours
      = run.jobs.empty()
          ? 0
          : std::chrono::duration<double, std::ratio<3600>>(run.jobs.back().at)
              .count();
  run.faults = std::move(*faults);
  run.faults_per_hour = o.faults_per_hour;
  run.settings = std::move(*settings);
  return run;
}

fleet_options with_policy(fleet_options run, const std::string& policy) {
  run.cluster = policy == "cluster";
  run.settings["LAUNCH_POLICY"] = run.cluster ? "ledger" : policy;
  return run;
}

} // namespace render::simulator
