// c3-bench: the worker's speed and cost beside plain loops and other workers,
// measured in turn in one run, as medians of several rounds.
#include "app/version/version.hpp"
#include "tests/bench/rounds.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>
#include <thread>

namespace {

using namespace render::bench;

struct options {
  int rounds = 3;
  unsigned hand_overs = 200;
  unsigned jobs = 20'000;
  bool quick = false;
  std::string only;
};

void print_hand_over(const char* who, const std::vector<double>& ms) {
  std::printf("  %-28s median %7.3f ms   99th %7.3f ms   (%zu jobs)\n", who,
              median(ms), percentile(ms, 0.99), ms.size());
}

void hand_overs(const options& opts) {
  std::printf("Warm hand-over, 50 jobs a second: RPUSH sent, to the job in "
              "hand (but for BLMOVE alone: and `running`)\n");
  struct column {
    const char* name;
    std::vector<double> (*measure)(unsigned);
    std::vector<double> all = {};
    std::vector<double> medians = {};
    std::vector<double> high = {};
  };
  column columns[] = {{"BLMOVE alone", bare_hand_over},
                      {"plain hiredis loop", floor_hand_over},
                      {"worker", worker_hand_over}};
  for (int i = 0; i < opts.rounds; ++i)
    for (auto& x : columns) {
      auto ms = x.measure(opts.hand_overs);
      x.medians.push_back(median(ms));
      x.high.push_back(percentile(ms, 0.99));
      std::printf("  raw round %d, %s: median %.3f ms, 99th %.3f ms\n", i + 1,
                  x.name, x.medians.back(), x.high.back());
      x.all.insert(x.all.end(), ms.begin(), ms.end());
    }
  for (auto& x : columns)
    print_hand_over(x.name, x.all);
  auto& bare = columns[0];
  auto& worker = columns[2];
  std::printf("  worker / BLMOVE alone, of round figures: median %.2f, 99th "
              "%.2f\n\n",
              median(worker.medians) / median(bare.medians),
              median(worker.high) / median(bare.high));
}

struct throughput_column {
  std::string name;
  std::function<std::optional<job_cost>(unsigned jobs, unsigned in_flight)>
    measure;
  std::vector<job_cost> rounds = {};

  double middle(double job_cost::*what) const {
    std::vector<double> out;
    for (auto& x : rounds)
      out.push_back(x.*what);
    return median(out);
  }
};

void print(const char* beginning, const std::string& name, const job_cost& x) {
  std::printf("  %s%-22s %8.0f jobs/s  CPU %6.1f us/job", beginning,
              name.c_str(), x.jobs_per_s, x.cpu_us);
  if (x.redis_calls > 0)
    std::printf("  Redis: %5.1f calls, %5.1f us in scripts, %5.1f us CPU",
                x.redis_calls, x.redis_us, x.redis_cpu_us);
  std::printf("\n");
}

/// In turn, so that each meets the same moods of the machine.
void throughput(const options& opts, unsigned in_flight) {
  std::printf("No-op jobs, %u in flight, from a full queue\n", in_flight);
  auto peer = [](const std::string& name) {
    return throughput_column{name, [name](unsigned jobs, unsigned flight) {
                               return peer_throughput(name, jobs, flight);
                             }};
  };
  std::vector<throughput_column> columns{
    {"two bare scripts", bare_throughput},
    {"plain hiredis loop", floor_throughput},
    peer("bee-queue"),
    peer("bullmq"),
    {"worker", worker_throughput}};
  for (int i = 0; i < opts.rounds; ++i)
    for (auto& x : columns)
      if (auto cost = x.measure(opts.jobs, in_flight)) {
        x.rounds.push_back(*cost);
        print(("raw round " + std::to_string(i + 1) + ": ").c_str(), x.name,
              *cost);
      }
  auto& worker = columns.back();
  for (auto& x : columns) {
    if (x.rounds.empty()) {
      std::printf("  %-22s not here: see docs/performance.md\n",
                  x.name.c_str());
      continue;
    }
    print("", x.name,
          {x.middle(&job_cost::jobs_per_s), x.middle(&job_cost::cpu_us),
           x.middle(&job_cost::redis_calls), x.middle(&job_cost::redis_us),
           x.middle(&job_cost::redis_cpu_us)});
    std::vector<double> ratio;
    for (size_t i = 0; i < std::min(x.rounds.size(), worker.rounds.size()); ++i)
      ratio.push_back(worker.rounds[i].jobs_per_s / x.rounds[i].jobs_per_s);
    if (&x != &worker)
      std::printf("    worker / %s, median of rounds: %.2f\n", x.name.c_str(),
                  median(ratio));
  }
  std::printf("\n");
}

void claims(const options& opts) {
  std::printf("A claim of one job, by the number of jobs that wait\n");
  for (unsigned waiting : {10u, 100u, 1'000u, 10'000u, 100'000u}) {
    auto ms = claims_from(waiting, opts.quick ? 50 : 500);
    std::printf("  %8u waiting              median %7.3f ms\n", waiting,
                median(ms));
  }
  std::printf("\n");
}

void long_queue(const options& opts) {
  constexpr unsigned foreign = 10'000;
  std::printf("Claim behind %u jobs of another type\n", foreign);
  auto got = claims_behind(foreign, opts.quick ? 5 : 50);
  std::printf("  %-28s median %7.3f ms\n", "whole queue, every 5 s",
              median(got.whole_ms));
  std::printf("  %-28s median %7.3f ms\n", "from where the last ended",
              median(got.next_ms));
  std::printf("  whole / next: %.0f\n\n",
              median(got.whole_ms) / median(got.next_ms));
}

void idle(const options& opts) {
  std::printf("Idle node (the real program, no jobs)\n");
  auto got = idle_node(std::chrono::seconds{opts.quick ? 5 : 20});
  std::printf("  %.2f Redis commands a second, %.2f %% of a core, %.1f MiB "
              "resident\n\n",
              got.redis_commands_per_s, got.core_percent, got.resident_mib);
}

void cold_starts(const options& opts) {
  std::printf("Cold start without jitter: RPUSH to `running`, less the local "
              "cloud's own boot time\n");
  std::vector<double> ms;
  for (int i = 0; i < opts.rounds; ++i)
    ms.push_back(cold_start(std::chrono::milliseconds{2'000}));
  std::printf("  median %.0f ms over the boot time of 2 s (%d rounds)\n",
              median(ms), opts.rounds);
}

} // namespace

int main(int argc, char** argv) {
  options opts;
  CLI::App app{"Measures the worker beside plain loops and other workers.",
               "c3-bench"};
  app.add_option("--rounds", opts.rounds, "Rounds of each measurement")
    ->capture_default_str();
  app.add_option("--jobs", opts.jobs, "Jobs in a throughput round")
    ->capture_default_str();
  app
    .add_option("--only", opts.only,
                "One of hand-over, throughput, claims, idle, cold-start")
    ->check(CLI::IsMember(
      {"hand-over", "throughput", "claims", "idle", "cold-start"}));
  app.set_version_flag("--version", render::version_line("c3-bench"));
  app.add_flag("--quick", opts.quick, "One short round of each");
  CLI11_PARSE(app, argc, argv);
  if (opts.quick)
    opts = {1, 50, 5'000, true, opts.only};
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::printf("%u processors\n\n", std::thread::hardware_concurrency());
  auto wanted = [&opts](std::string_view name) {
    return opts.only.empty() || opts.only == name;
  };
  if (wanted("hand-over"))
    hand_overs(opts);
  if (wanted("throughput"))
    for (auto in_flight : {16u, 50u})
      throughput(opts, in_flight);
  if (wanted("claims")) {
    claims(opts);
    long_queue(opts);
  }
  if (wanted("idle"))
    idle(opts);
  if (wanted("cold-start"))
    cold_starts(opts);
}
