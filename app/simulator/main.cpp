// c3-sim: a whole fleet in virtual time, from a seed, under faults.
#include "app/simulator/corpus.hpp"
#include "app/simulator/replay.hpp"
#include "app/simulator/report.hpp"
#include "app/simulator/run_options.hpp"
#include "app/version/version.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace render;
using namespace render::simulator;

struct options : run_options {
  std::optional<uint64_t> corpus;
  std::string replay;
  size_t replay_last = 200'000;
  std::string report;
  std::string json;
  double forecast_after_s = -1;
  bool hash = false;
  bool list_faults = false;
};

std::string fault_help() {
  std::string out;
  for (auto& x : harness::fault_kinds())
    out += "  " + std::string{x.name} + (x.safe ? "" : " (not in \"safe\")")
           + "\n      " + std::string{x.meaning} + "\n";
  return out;
}

void add_options(CLI::App& app, options& o) {
  auto* corpus
    = app.add_option("--corpus", o.corpus,
                     "Run this seed of the seed corpus; of the options that "
                     "describe a run only --faults, --policy and --set apply");
  auto shape = [&](const std::string& name, auto& value,
                   const std::string& help) {
    return app.add_option(name, value, help)->excludes(corpus);
  };
  shape("--seed", o.seed, "Seed of all random draws");
  shape("--nodes", o.nodes, "Number of workers");
  shape("--hours", o.hours,
        "Length of the trace and of the faults; with a recorded trace, of the "
        "faults only");
  shape("--jobs", o.jobs, "Number of jobs in the trace");
  shape("--work", o.mean_work_s, "Mean GPU seconds of a job");
  shape("--group", o.group, "Mean size of a burst, jobs");
  shape("--trace", o.trace,
        "steady, bursty, daily, sparse, queue, or a file of JSON lines (c3ctl "
        "export-trace)");
  app.add_option(
    "--policy", o.policy,
    "ledger or contract: workers with this LAUNCH_POLICY; cluster: workers "
    "that know of each other; clairvoyant: a computed bound that knows the "
    "future; several, separated by commas, are compared");
  app.add_option(
    "--faults", o.faults,
    "none, safe, surroundings, all, or names (see --list-faults), separated by "
    "commas; -name removes a fault");
  shape("--faults-per-hour", o.faults_per_hour,
        "Events of each kind of fault in an hour");
  app.add_option("--set", o.settings,
                 "NAME=VALUE in the workers' environment; repeatable");
  app.add_option(
    "--replay", o.replay,
    "Print the run as a timeline: all, or one word to select by (a "
    "job's id, w3, gpu-instance)");
  app
    .add_option("--replay-last", o.replay_last,
                "Print at most this many lines of the timeline, the last ones")
    ->capture_default_str();
  app.add_option("--forecast", o.forecast_after_s,
                 "So many seconds after a job has come, foretell when it "
                 "begins, and count how often that is true");
  app.add_option("--report", o.report, "Write a page with charts to this file");
  app.add_option("--json", o.json, "Write the figures as JSON to this file");
  app.add_flag("--hash", o.hash, "Print the hash of all messages");
  app.add_flag("--list-faults", o.list_faults, "Explain the faults");
}

int report_violation(const options& o, const fleet_options& run,
                     const harness::violation& x) {
  std::printf("BROKEN: %s\n  seed=%llu commit=%s time=%.6f s\n",
              simulator::describe(x).c_str(),
              static_cast<unsigned long long>(o.seed),
              std::string{built_from_commit()}.c_str(),
              static_cast<double>(x.when.count()) / 1e9);
  print_last_messages(run, x.subject);
  return 1;
}

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty())
    return true;
  std::ofstream out{path};
  out << text;
  return static_cast<bool>(out.flush());
}

int usage_error(const failure& x) {
  std::fprintf(stderr, "c3-sim: %s\n", x.message.c_str());
  return 2;
}

constexpr std::string_view policies[] = {"ledger", "contract", "cluster",
                                         "clairvoyant"};

result<std::vector<std::string>> read_policies(const std::string& text) {
  std::vector<std::string> out;
  std::stringstream names{text};
  for (std::string name; std::getline(names, name, ',');) {
    if (std::find(std::begin(policies), std::end(policies), name)
        == std::end(policies))
      return fail(failure_kind::invalid_input,
                  "--policy: " + name
                    + " does not exist; accepted are ledger, contract, "
                      "cluster and clairvoyant");
    out.push_back(name);
  }
  if (out.empty())
    return fail(failure_kind::invalid_input,
                "--policy: accepted are ledger, contract, cluster and "
                "clairvoyant");
  return out;
}

/// Other programs on this machine do not count.
std::string own_use() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds
    = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
      + static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec)
          / 1e6;
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.2f s of a core, %ld MiB", seconds,
                used.ru_maxrss / 1024);
  return buffer;
}

fleet_outcome run_workers(const options& o, const fleet_options& run) {
  auto begin = std::chrono::steady_clock::now();
  auto outcome = run_fleet(run);
  auto took
    = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
        .count();
  for (auto& entry : outcome.recorded)
    print_entry(entry);
  if (outcome.broken)
    return outcome;
  std::fprintf(stderr,
               "%.1f virtual hours, %llu messages, %llu Redis commands, "
               "%llu requests in %.2f s; %s\n",
               outcome.virtual_s / 3600,
               static_cast<unsigned long long>(outcome.messages),
               static_cast<unsigned long long>(outcome.redis_commands),
               static_cast<unsigned long long>(outcome.http_requests), took,
               own_use().c_str());
  if (auto& x = outcome.forecasts; x.asked > 0)
    std::printf("forecasts %zu, within the band %.1f %%, sooner %.1f %%, later "
                "%.1f %%, not known %zu\n",
                x.asked, 100.0 * x.within / x.asked, 100.0 * x.sooner / x.asked,
                100.0 * x.later / x.asked, x.unknown);
  if (o.hash)
    std::printf("hash %016llx\n",
                static_cast<unsigned long long>(outcome.hash));
  return outcome;
}

size_t slots_of(const fleet_options& run) {
  auto at = run.settings.find("JOBS_PER_GPU");
  return at == run.settings.end()
           ? 1
           : std::max(1ul, std::strtoul(at->second.c_str(), nullptr, 10));
}

int simulate(const options& o) {
  auto names = read_policies(o.policy);
  if (!names)
    return usage_error(names.error());
  auto run = make_run(o);
  if (!run)
    return usage_error(run.error());
  run->forecast_after_s = o.forecast_after_s;
  run->sample_every_s = run->hours * 3600 / 800;
  if (!o.replay.empty()) {
    run->record_from_s = 0;
    run->record_limit = o.replay_last;
    run->record_only = [&](auto& entry) {
      return concerns(entry, o.replay);
    };
  }
  std::vector<named_outcome> outcomes;
  for (auto& name : *names) {
    auto workers = with_policy(*run, name);
    auto outcome = name == "clairvoyant"
                     ? clairvoyant(run->jobs, {.slots = slots_of(*run)})
                     : run_workers(o, workers);
    if (outcome.broken)
      return report_violation(o, workers, *outcome.broken);
    outcomes.push_back({name, std::move(outcome)});
  }
  run_facts facts{o.seed,     std::string{built_from_commit()},
                  o.trace,    o.nodes,
                  run->hours, o.faults};
  std::fputs(report_text(facts, outcomes).c_str(), stdout);
  if (!write_file(o.report, report_html(facts, outcomes))
      || !write_file(o.json, report_json(facts, outcomes)))
    return usage_error(
      {failure_kind::invalid_input, "the report cannot be written"});
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  options o;
  CLI::App app{"Simulates a fleet of render workers under faults, and checks "
               "after every event that the promises hold."};
  app.set_version_flag("--version", version_line("c3-sim"));
  add_options(app, o);
  try {
    app.parse(argc, argv);
    if (!is_shape(o.trace) && app.count("--hours") == 0)
      o.hours = 0;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (o.list_faults) {
    std::fputs(fault_help().c_str(), stdout);
    return 0;
  }
  if (o.corpus) {
    auto policy = app.count("--policy") ? std::optional{o.policy}
                                        : std::nullopt;
    auto settings = std::move(o.settings);
    static_cast<run_options&>(o)
      = corpus_options(*o.corpus, app.count("--faults") ? o.faults : "");
    o.settings.insert(o.settings.end(), settings.begin(), settings.end());
    o.policy = policy.value_or(o.policy);
  }
  return simulate(o);
}
