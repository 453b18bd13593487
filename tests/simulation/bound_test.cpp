// The clairvoyant bound is one: no run without faults rents less for the times
// at which its jobs really began, and none lets its jobs wait less.
#define BOOST_TEST_MODULE bound
#include "app/simulator/fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>

using namespace render;
using namespace render::simulator;
using harness::dice;
using harness::sim_job;

namespace {

constexpr double boot_s = 22;
constexpr quickest_gpu exact{boot_s, 1, 1};

std::chrono::nanoseconds at(double seconds) {
  return std::chrono::nanoseconds{static_cast<int64_t>(seconds * 1e9)};
}

std::vector<sim_job> drawn_jobs(dice& d, size_t count, double span_s) {
  std::vector<sim_job> out(count);
  for (auto& x : out) {
    x.at = at(d.between(0, span_s));
    x.duration_s = d.between(1, 40);
    x.type = d.chance(0.2) ? "analyze" : "csm";
  }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.at < b.at;
  });
  return out;
}

/// Every way to hand the jobs to GPUs, one after the other.
double least_rent(const std::vector<sim_job>& jobs, size_t next,
                  std::vector<double>& free_from) {
  if (next == jobs.size())
    return 0;
  auto& x = jobs[next];
  auto begin = static_cast<double>(x.at.count()) / 1e9;
  auto end = begin + x.duration_s;
  free_from.push_back(end);
  auto best = boot_s + least_rent(jobs, next + 1, free_from);
  free_from.pop_back();
  for (auto& gpu : free_from) {
    if (gpu > begin)
      continue;
    auto before = std::exchange(gpu, end);
    best = std::min(best,
                    begin - before + least_rent(jobs, next + 1, free_from));
    gpu = before;
  }
  return best;
}

/// Small fleets of every sort, without faults.
fleet_options drawn_run(uint64_t seed) {
  dice d{seed};
  fleet_options out;
  out.seed = seed;
  out.nodes = 1 + d.below(4);
  out.hours = 0.5;
  out.foreign = 0;
  out.jobs = drawn_jobs(d, 5 + d.below(20), d.between(10, 1'500));
  out.settings = {{"GPU_IDLE_TIMEOUT", std::to_string(d.below(120))},
                  {"MAX_GPUS", std::to_string(1 + d.below(3))},
                  {"PRE_LAUNCH_TIMEOUT", "0"},
                  {"PRE_LAUNCH_TIMEOUT_MAX", std::to_string(d.below(20))}};
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(no_other_assignment_of_jobs_to_gpus_rents_less) {
  dice d{3};
  for (auto i = 0; i < 300; ++i) {
    auto jobs = drawn_jobs(d, 1 + d.below(7), d.between(1, 300));
    for (auto& x : jobs)
      x.type = "csm";
    auto work = std::accumulate(jobs.begin(), jobs.end(), 0.0,
                                [](double sum, auto& x) {
                                  return sum + x.duration_s;
                                });
    std::vector<double> none;
    BOOST_TEST(clairvoyant(jobs, exact).rented_s
                 == work + least_rent(jobs, 0, none),
               boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(no_run_rents_less_with_no_greater_wait) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    auto options = drawn_run(seed);
    auto run = run_fleet(options);
    BOOST_TEST_REQUIRE(!run.broken, (run.broken ? describe(*run.broken) : ""));
    BOOST_TEST_REQUIRE(run.succeeded == options.jobs.size());
    auto bound = clairvoyant(options.jobs, {});
    BOOST_TEST(run.waits_s.front() >= bound.waits_s.back());
    // As late as they really began, somebody who knew that would still have
    // rented this much.
    auto shifted = options.jobs;
    for (size_t i = 0; i < shifted.size(); ++i)
      shifted[i].at = at(run.begun_s[i]);
    std::sort(shifted.begin(), shifted.end(), [](auto& a, auto& b) {
      return a.at < b.at;
    });
    auto late = clairvoyant(shifted, {});
    BOOST_TEST(run.rented_s >= late.rented_s, "seed " << seed);
    BOOST_TEST(run.cost >= late.cost, "seed " << seed);
    BOOST_TEST(run.busy_s >= late.busy_s - 1e-6, "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(jobs_that_share_a_gpu_do_not_beat_the_bound) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    auto options = drawn_run(seed);
    options.settings["JOBS_PER_GPU"] = "3";
    auto run = run_fleet(options);
    BOOST_TEST_REQUIRE(!run.broken, (run.broken ? describe(*run.broken) : ""));
    auto shifted = options.jobs;
    for (size_t i = 0; i < shifted.size(); ++i)
      shifted[i].at = at(run.begun_s[i]);
    std::sort(shifted.begin(), shifted.end(), [](auto& a, auto& b) {
      return a.at < b.at;
    });
    BOOST_TEST(run.rented_s >= clairvoyant(shifted, {.slots = 3}).rented_s,
               "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(what_comes_to_nothing_is_not_begun) {
  std::vector<sim_job> jobs(3);
  jobs[0].cancel_after_s = 5;    // Of ten seconds of work.
  jobs[1].complete_within_s = 9; // Cannot be met.
  jobs[2].complete_within_s = 10;
  auto out = clairvoyant(jobs, exact);
  BOOST_TEST(out.cancelled == 1u);
  BOOST_TEST(out.failed == 1u);
  BOOST_TEST(out.missed_deadlines == 1u);
  BOOST_TEST(out.succeeded == 1u);
  BOOST_TEST(out.rented_s == boot_s + 10);
}
