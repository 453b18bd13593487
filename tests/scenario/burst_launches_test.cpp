// A burst of jobs that needs many GPUs: all of them are asked for at once, and
// no more than that.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace render::harness;

namespace {

struct burst_options {
  size_t workers = 1;
  size_t jobs = 5'000;
  /// The last job is pushed so long after the first.
  double push_s = 0.3;
  std::string max_gpus = "50";
  bool cluster = false;
  std::string wait_s = "0";
};

struct burst {
  /// Times of the launches, seconds since the last push.
  std::vector<double> launched_s;
  uint64_t lists = 0;
  std::string broken;
};

burst burst_of(const burst_options& x, render::environment more = {}) {
  sim_options options;
  options.cluster = x.cluster;
  options.settings = std::move(more);
  options.settings["MAX_GPUS"] = x.max_gpus;
  options.settings["JOBS_PER_GPU"] = "100";
  options.settings["PRE_LAUNCH_TIMEOUT"] = x.wait_s;
  options.settings["PRE_LAUNCH_TIMEOUT_MAX"] = x.wait_s == "0" ? "0" : "30";
  // Five thousand renders at a time are more than those of a day's fleet.
  audit_limits limits;
  limits.requests_max = 20'000;
  fleet_scenario s{std::move(options), limits};
  s.world->cloud.boot_low_s = 300;
  s.world->cloud.boot_high_s = 301;
  s.given_workers(x.workers);
  s.after(10);
  burst out;
  auto end_s = s.now_s() + x.push_s;
  auto before = std::exchange(s.world->cloud.on_launch, {});
  s.world->cloud.on_launch = [&](const sim_gpu& gpu) {
    out.launched_s.push_back(s.now_s() - end_s);
    if (before)
      before(gpu);
  };
  out.lists = s.world->cloud.list_calls();
  constexpr size_t pieces = 50;
  for (size_t i = 0; i < pieces; ++i) {
    for (size_t j = 0; j < x.jobs / pieces; ++j)
      s.when_a_job_is_pushed("whisper", 600);
    s.after(x.push_s / pieces);
  }
  s.after(14);
  out.lists = s.world->cloud.list_calls() - out.lists;
  s.after(60);
  out.broken = s.broken_rule();
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_burst_of_jobs)

BOOST_AUTO_TEST_CASE(has_all_its_gpus_asked_for_within_a_second) {
  // The first look shows all of them; a part of them.
  for (auto push_s : {0.3, 0.5, 0.7, 0.8}) {
    auto got = burst_of({.push_s = push_s});
    BOOST_TEST(got.broken == "");
    BOOST_REQUIRE(got.launched_s.size() == 50u);
    BOOST_TEST_MESSAGE("pushed in " << push_s << " s, the last launch after "
                                    << got.launched_s.back() << " s");
    BOOST_TEST(got.launched_s.back() < 1);
  }
}

// The last 3 % of it may be seen at the next ordinary look, after 3 s.
BOOST_AUTO_TEST_CASE(of_a_slow_producer_is_launched_for_while_it_comes) {
  for (auto push_s : {2.0, 8.0}) {
    auto got = burst_of({.push_s = push_s});
    BOOST_TEST(got.broken == "");
    BOOST_REQUIRE(got.launched_s.size() == 50u);
    BOOST_TEST_MESSAGE("pushed in " << push_s << " s, the last launch after "
                                    << got.launched_s.back() << " s, "
                                    << got.lists << " lists");
    BOOST_TEST(got.launched_s.back() < 3.5);
  }
}

// Not one for each launch.
BOOST_AUTO_TEST_CASE(is_launched_for_after_a_few_lists) {
  auto got = burst_of({});
  BOOST_TEST(got.launched_s.size() == 50u);
  BOOST_TEST(got.lists <= 3);
}

BOOST_AUTO_TEST_CASE(gets_no_more_gpus_than_it_needs) {
  auto got = burst_of({.jobs = 2'500});
  BOOST_TEST(got.broken == "");
  BOOST_TEST(got.launched_s.size() == 25u);
}

BOOST_AUTO_TEST_CASE(gets_no_more_gpus_than_are_allowed) {
  auto got = burst_of({.max_gpus = "7"});
  BOOST_TEST(got.broken == "");
  BOOST_TEST(got.launched_s.size() == 7u);
}

// Each launch reserves what it may cost, in one step with its intent.
BOOST_AUTO_TEST_CASE(gets_no_more_gpus_than_the_money_allows) {
  auto got = burst_of({}, {{"GPU_PRICES", "media:fast=1,ollama_webui:fast=1"},
                           {"MAX_SPEND_PER_HOUR", "10"}});
  BOOST_TEST(got.broken == "");
  BOOST_TEST(got.launched_s.size() > 0u);
  BOOST_TEST(got.launched_s.size() <= 10u);
}

BOOST_AUTO_TEST_CASE(is_launched_for_once_by_workers_that_know_of_each_other) {
  auto one = burst_of({.cluster = true});
  auto five = burst_of({.workers = 5, .cluster = true});
  BOOST_TEST(five.broken == "");
  BOOST_TEST(five.launched_s.size() > 0u);
  BOOST_TEST(five.launched_s.size() <= one.launched_s.size());
  BOOST_TEST(five.launched_s.back() < 1);
  BOOST_TEST_MESSAGE(one.launched_s.size()
                     << " by one worker, " << five.launched_s.size()
                     << " by five");
}

// The first one whose wait is over launches; the others see it in the ledger.
BOOST_AUTO_TEST_CASE(is_launched_for_once_by_strangers) {
  auto got = burst_of({.workers = 5, .wait_s = "15"});
  BOOST_TEST(got.broken == "");
  BOOST_REQUIRE(got.launched_s.size() == 50u);
  BOOST_TEST(got.launched_s.back() - got.launched_s.front() < 1);
}

BOOST_AUTO_TEST_SUITE_END()
