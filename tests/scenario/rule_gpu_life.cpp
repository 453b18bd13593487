// GPU_IDLE_TIMEOUT, DEFAULT_GPU_REPLACE and GPU_REPLACE_AHEAD; health every 15
// s.
#include "app/node/replace_age.hpp"
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(rule_gpu_life)

BOOST_AUTO_TEST_CASE(a_gpu_is_kept_for_its_idle_timeout_and_no_longer) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "120"}}};
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.status(job) == "success";
  });
  s.after(125);
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0] - s.ended_ms(job) == 120'000);
}

BOOST_AUTO_TEST_CASE(an_old_gpu_is_retired_after_the_job_it_runs) {
  rule_world s{{{"DEFAULT_GPU_REPLACE", "200"}}};
  s.given_a_warm_worker();
  s.after(60);
  auto job = s.when_a_job_is_pushed("whisper", 200);
  s.until([&] {
    return s.status(job) == "success";
  });
  s.after(10);
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0] == s.ended_ms(job));
  BOOST_TEST(s.field(job, "attempt") == "1");
}

BOOST_AUTO_TEST_CASE(an_old_gpu_without_a_job_is_retired_at_once) {
  rule_world s{{{"DEFAULT_GPU_REPLACE", "200"}, {"GPU_IDLE_TIMEOUT", "1000"}}};
  s.given_a_warm_worker();
  auto launched = s.times_of("api.sim/launch");
  BOOST_TEST_REQUIRE(launched.size() == 1u);
  s.after(300);
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  // The GPU's age is counted in whole milliseconds.
  BOOST_TEST(std::abs(stops[0] - launched[0] - 200'000) <= 1);
}

// A job of 5 s every 40 s, from 3000 s to 3800 s after the launch.
void when_jobs_come_around_its_retirement(rule_world& s) {
  s.after((s.times_of("api.sim/launch")[0] + 3'000'000 - s.ms()) / 1e3);
  for (auto i = 0; i < 20; ++i) {
    auto pushed = s.ms();
    auto job = s.when_a_job_is_pushed("whisper", 5);
    s.after(40);
    BOOST_TEST(s.status(job) == "success");
    BOOST_TEST(s.begun_ms(job) == pushed);
  }
}

BOOST_AUTO_TEST_CASE(a_gpu_in_use_has_a_successor_90_s_before_it_is_retired) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "4000"}}};
  s.given_a_warm_worker();
  when_jobs_come_around_its_retirement(s);
  auto launches = s.times_of("api.sim/launch");
  BOOST_TEST_REQUIRE(launches.size() == 2u);
  // The workloads are listed before a launch.
  auto apart = launches[1] - launches[0];
  BOOST_TEST(apart >= 3'509'999);
  BOOST_TEST(apart < 3'510'200);
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0] - launches[0] >= 3'599'999);
  BOOST_TEST(stops[0] - launches[0] < 3'606'000);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_gpu_that_nobody_has_used_for_90_s_has_none) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "4000"}}};
  s.given_a_warm_worker();
  s.after(3'700);
  BOOST_TEST(s.times_of("api.sim/launch").size() == 1u);
  BOOST_TEST(s.times_of("api.sim/stop").size() == 1u);
}

// MAX_GPUS is 1.
BOOST_AUTO_TEST_CASE(without_successors_no_gpu_is_launched_before_one_retires) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "4000"}, {"GPU_REPLACE_AHEAD", "0"}}};
  s.given_a_warm_worker();
  auto age = render::replace_age(s.world->nodes().begin()->second.cfg).count();
  BOOST_TEST(age >= 3'060'000);
  BOOST_TEST(age <= 3'600'000);
  auto launched = s.times_of("api.sim/launch")[0];
  // Jobs of 5 s every 40 s, around its retirement.
  s.after(static_cast<double>(launched + age - 300'000 - s.ms()) / 1e3);
  for (auto i = 0; i < 12; ++i) {
    s.when_a_job_is_pushed("whisper", 5);
    s.after(40);
  }
  s.after(60);
  auto launches = s.times_of("api.sim/launch");
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(launches.size() == 2u);
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0] - launched >= age - 1);
  BOOST_TEST(stops[0] - launched <= age + 6'000);
  BOOST_TEST(launches[1] > stops[0]);
  for (size_t job = 0; job < s.world->jobs.size(); ++job)
    BOOST_TEST(s.status(job) == "success");
  BOOST_TEST(s.broken_rule() == "");
}

// Else a fleet would be without any all at once.
BOOST_AUTO_TEST_CASE(without_successors_gpus_launched_together_retire_apart) {
  rule_world s{{{"DEFAULT_GPU_REPLACE", "1000"},
                {"GPU_REPLACE_AHEAD", "0"},
                {"GPU_IDLE_TIMEOUT", "4000"},
                {"PRE_LAUNCH_TIMEOUT", "1"},
                {"PRE_LAUNCH_TIMEOUT_MAX", "1"}}};
  s.given_workers(10);
  for (auto i = 0; i < 10; ++i)
    s.when_a_job_is_pushed("whisper", 200);
  s.after(1'100);
  auto launches = s.times_of("api.sim/launch");
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 10u);
  BOOST_TEST(launches.back() - launches.front() < 5'000);
  // Ten places by hash span at least half of the stagger: 150 s.
  BOOST_TEST(stops.back() - stops.front() > 75'000);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_gpu_under_the_contracts_policy_has_none) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "4000"}, {"LAUNCH_POLICY", "contract"}}};
  s.given_a_warm_worker();
  s.after((s.times_of("api.sim/launch")[0] + 3'500'000 - s.ms()) / 1e3);
  s.when_a_job_is_pushed("whisper", 60);
  s.after(90);
  BOOST_TEST(s.times_of("api.sim/launch").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_dead_gpu_is_found_within_its_probes) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "1000"}}};
  s.given_a_warm_worker();
  auto gpu = s.world->cloud.running().begin()->second;
  s.world->cloud.kill(gpu->number);
  auto killed = s.ms();
  s.after(60);
  std::vector<int64_t> probes;
  for (auto at : s.times_of(gpu->node + "/"))
    if (at >= killed)
      probes.push_back(at);
  // Three probes of 5 s each, 2 s apart; the first one at most 15 s after the
  // death.
  BOOST_TEST_REQUIRE(probes.size() == 3u);
  BOOST_TEST(probes[0] - killed <= 15'000);
  BOOST_TEST(rule_world::gaps(probes) == (std::vector<int64_t>{7'000, 7'000}),
             boost::test_tools::per_element());
  auto stops = s.times_of("api.sim/stop");
  BOOST_TEST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0] - probes[2] == 5'000);
}

BOOST_AUTO_TEST_SUITE_END()
