// PRE_LAUNCH_TIMEOUT, and the retries of a launch: after 5, 15, 30, 45 s.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(rule_launch)

BOOST_AUTO_TEST_CASE(a_worker_without_a_gpu_waits_its_time_and_launches) {
  rule_world s{
    {{"PRE_LAUNCH_TIMEOUT", "20"}, {"PRE_LAUNCH_TIMEOUT_MAX", "20"}}};
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  auto pushed = s.ms();
  s.when_a_job_is_pushed("csm", 5);
  s.after(60);
  auto launches = s.times_of("api.sim/launch");
  BOOST_TEST_REQUIRE(!launches.empty());
  BOOST_TEST(launches[0] - pushed == 20'000);
}

BOOST_AUTO_TEST_CASE(the_wait_is_drawn_from_the_range) {
  rule_world s;
  s.given_a_provider_that_refuses();
  s.given_workers(8);
  auto pushed = s.ms();
  for (auto i = 0; i < 8; ++i)
    s.when_a_job_is_pushed("whisper", 5);
  s.after(32);
  std::set<int64_t> seen;
  for (auto at : s.times_of("api.sim/launch"))
    if (seen.insert(at).second)
      BOOST_TEST(at - pushed >= 15'000);
  BOOST_TEST(*seen.begin() - pushed <= 30'000);
  // Equal waits would make the workers launch at the same time.
  BOOST_TEST(seen.size() >= 8u);
}

BOOST_AUTO_TEST_CASE(of_many_workers_as_many_launch_as_jobs_wait) {
  for (size_t jobs : {1, 4}) {
    fleet_scenario s;
    s.given_workers(20);
    for (size_t i = 0; i < jobs; ++i)
      s.when_a_job_is_pushed("whisper", 300);
    s.until([&] {
      return s.renders_running() == jobs;
    });
    s.after(60);
    BOOST_TEST(s.world->cloud.launches() == jobs);
    BOOST_TEST(s.broken_rule() == "");
  }
}

// Without a look before the launch, a worker's last look must be fresh.
BOOST_AUTO_TEST_CASE(the_contract_policy_looks_each_second_in_a_large_fleet) {
  constexpr auto workers = 40;
  auto commands_of_each_a_second = [](const std::string& policy) {
    rule_world s{{{"LAUNCH_POLICY", policy}}};
    s.given_a_provider_that_refuses();
    s.given_workers(workers);
    // Until each worker knows the number of workers.
    s.after(120);
    s.when_a_job_is_pushed("whisper", 5);
    s.after(60);
    auto& server = s.world->redis.server();
    auto before = server.commands();
    s.after(60);
    return static_cast<double>(server.commands() - before) / workers / 60;
  };
  auto contract = commands_of_each_a_second("contract");
  auto ledger = commands_of_each_a_second("ledger");
  // A look at one job takes six commands.
  BOOST_TEST(contract >= 6, contract);
  BOOST_TEST(ledger < contract / 2, ledger << " and " << contract);
}

BOOST_AUTO_TEST_CASE(a_young_gpu_that_is_busy_keeps_nobody_from_launching) {
  fleet_scenario s;
  s.given_workers(2);
  s.when_a_job_is_pushed("whisper", 300);
  s.until([&] {
    return s.renders_running() == 1;
  });
  // The GPU's other services come up as well.
  s.after(10);
  s.when_a_job_is_pushed("whisper", 300);
  auto took_s = s.until([&] {
    return s.renders_running() == 2;
  });
  // The random wait, and the boot of a GPU.
  BOOST_TEST(took_s <= 30 + 45);
}

BOOST_AUTO_TEST_CASE(of_many_idle_gpus_one_makes_room) {
  fleet_scenario s;
  s.given_workers(6);
  for (auto i = 0; i < 6; ++i)
    s.when_a_job_is_pushed("csm", 120);
  s.until([&] {
    return s.renders_running() == 6;
  });
  s.after(150);
  BOOST_TEST(s.world->cloud.launches() == 6u);
  auto rare = s.when_a_job_is_pushed("analyze", 5);
  s.until([&] {
    return s.status(rare) == "success";
  });
  BOOST_TEST(s.world->cloud.launches() == 7u);
  BOOST_TEST(s.gpus_running() == 6u);
}

// A worker without a free slot finds a new job at its next look.
BOOST_AUTO_TEST_CASE(without_a_look_before_it_needs_fresh_looks_at_the_queue) {
  auto next_look_ms = [](const std::string& policy) {
    rule_world s{{{"PRE_LAUNCH_TIMEOUT", "60"},
                  {"PRE_LAUNCH_TIMEOUT_MAX", "60"},
                  {"LAUNCH_POLICY", policy}}};
    s.given_workers(1);
    s.when_a_job_is_pushed("whisper", 5);
    sim_job late;
    late.complete_within_s = 0.001;
    s.after(0.5);
    auto job = s.when_this_is_pushed(late);
    auto took = s.ms_until([&] {
      return s.status(job) == "failed";
    });
    return 500 + took;
  };
  // The second look at a queue that has just begun to fill is sooner.
  BOOST_TEST(next_look_ms("contract") <= 1'260);
  BOOST_TEST(next_look_ms("ledger") >= 3'150);
  BOOST_TEST(next_look_ms("ledger") <= 3'260);
}

BOOST_AUTO_TEST_CASE(of_python_like_workers_all_launch) {
  fleet_scenario s{1, {{"LAUNCH_POLICY", "contract"}}};
  s.given_workers(20);
  s.when_a_job_is_pushed("whisper", 5);
  s.after(60);
  BOOST_TEST(s.world->cloud.launches() > 10u);
}

BOOST_AUTO_TEST_CASE(a_launch_of_a_worker_that_died_keeps_no_job_waiting) {
  fleet_scenario s;
  s.given_workers(3);
  auto job = s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.gpus_running() == 1;
  });
  s.world->kill_node(s.world->cloud.running().begin()->second->client);
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  // Another worker adopts the GPU within a minute and waits for its boot, or
  // launches a new one.
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 120 + 30 + 60 + 10);
}

BOOST_AUTO_TEST_CASE(a_refused_launch_is_tried_five_times) {
  rule_world s{{{"PRE_LAUNCH_TIMEOUT", "1"}, {"PRE_LAUNCH_TIMEOUT_MAX", "1"}}};
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  s.after(97);
  auto gaps = rule_world::gaps(s.times_of("api.sim/launch"));
  BOOST_TEST(gaps == (std::vector<int64_t>{5'000, 15'000, 30'000, 45'000}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(expires_is_now_and_the_greatest_lifetime) {
  rule_world s{{{"DEFAULT_GPU_LAUNCH", "5000"},
                {"PRE_LAUNCH_TIMEOUT", "1"},
                {"PRE_LAUNCH_TIMEOUT_MAX", "1"}}};
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.gpus_running() == 1;
  });
  for (auto& x : s.requests())
    if (x.where == "api.sim/launch")
      BOOST_TEST(
        x.body.find("\"expires\":"
                    + std::to_string(static_cast<int64_t>(virtual_epoch_s)
                                     + x.at_ms / 1000 + 5000))
        != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
