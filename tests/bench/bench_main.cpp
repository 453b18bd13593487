// c3-bench: the worker's speed beside a plain hiredis loop that does the same
// Redis work, measured in turn in one run, as medians of several rounds.
#include "app/version/version.hpp"
#include "tests/bench/rounds.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <thread>

namespace {

using namespace render::bench;

struct options {
  int rounds = 3;
  unsigned hand_overs = 200;
  unsigned jobs = 20'000;
  bool quick = false;
};

void print_hand_over(const char* who, const std::vector<double>& ms) {
  std::printf("  %-28s median %7.3f ms   99th %7.3f ms   (%zu jobs)\n", who,
              median(ms), percentile(ms, 0.99), ms.size());
}

void hand_overs(const options& opts) {
  std::printf("Warm hand-over, 50 jobs a second: RPUSH sent, to the job being "
              "`running` and in hand\n");
  std::vector<double> floor_medians;
  std::vector<double> worker_medians;
  std::vector<double> floor_all;
  std::vector<double> worker_all;
  for (int i = 0; i < opts.rounds; ++i) {
    auto floor = floor_hand_over(opts.hand_overs);
    auto worker = worker_hand_over(opts.hand_overs);
    floor_medians.push_back(median(floor));
    worker_medians.push_back(median(worker));
    floor_all.insert(floor_all.end(), floor.begin(), floor.end());
    worker_all.insert(worker_all.end(), worker.begin(), worker.end());
  }
  print_hand_over("plain hiredis loop", floor_all);
  print_hand_over("worker", worker_all);
  std::printf("  worker / floor, median of round medians: %.2f\n\n",
              median(worker_medians) / median(floor_medians));
}

void throughput(const options& opts) {
  std::printf("Throughput, 16 in flight, no-op render: claim, settle, all "
              "fields\n");
  std::vector<double> floor;
  std::vector<double> worker;
  std::vector<double> ratio;
  for (int i = 0; i < opts.rounds; ++i) {
    floor.push_back(floor_throughput(opts.jobs));
    worker.push_back(worker_throughput(opts.jobs));
    ratio.push_back(worker.back() / floor.back());
  }
  std::printf("  %-28s median %8.0f jobs/s\n", "plain hiredis loop",
              median(floor));
  std::printf("  %-28s median %8.0f jobs/s\n", "worker", median(worker));
  std::printf("  worker / floor, median of rounds: %.2f\n\n", median(ratio));
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
  CLI::App app{"Measures the worker beside a plain hiredis loop.", "c3-bench"};
  app.add_option("--rounds", opts.rounds, "Rounds of each measurement")
    ->capture_default_str();
  app.add_option("--jobs", opts.jobs, "Jobs in a throughput round")
    ->capture_default_str();
  app.set_version_flag("--version", render::version_line("c3-bench"));
  app.add_flag("--quick", opts.quick, "One short round of each");
  CLI11_PARSE(app, argc, argv);
  if (opts.quick)
    opts = {1, 50, 5'000, true};
  std::printf("%u processors\n\n", std::thread::hardware_concurrency());
  hand_overs(opts);
  throughput(opts);
  long_queue(opts);
  idle(opts);
  cold_starts(opts);
}
