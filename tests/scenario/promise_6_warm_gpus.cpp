// A warm GPU waits for no timer while a job that fits it waits in the queue,
// but for the moment in which its node gives way to others.
#include "tests/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(promise_6_warm_gpus)

BOOST_AUTO_TEST_CASE(a_warm_gpu_takes_a_job_within_milliseconds) {
  fleet_scenario s;
  s.given_a_warm_worker();
  for (auto i = 0; i < 20; ++i) {
    auto job = s.when_a_job_is_pushed("csm", 1);
    auto took = s.until([&] {
      return s.status(job) == "running";
    });
    // Two messages to Redis and two back, each of up to one millisecond.
    BOOST_TEST(took >= 0);
    BOOST_TEST(took < 0.006);
    s.until([&] {
      return s.status(job) == "success";
    });
    s.after(7);
  }
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(the_next_job_of_a_queue_begins_when_the_last_has_ended) {
  fleet_scenario s;
  s.given_a_warm_worker();
  for (auto i = 0; i < 5; ++i)
    s.when_a_job_is_pushed("csm", 4);
  for (size_t job = 1; job < 5; ++job) {
    s.until([&] {
      return s.status(job) == "success";
    });
    auto took = s.until([&] {
      return s.status(job + 1) == "running";
    });
    BOOST_TEST(took >= 0);
    BOOST_TEST(took < 0.006);
  }
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(jobs_that_come_one_at_a_time_leave_the_other_gpu_idle) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    fleet_scenario s{seed, {{"GPU_IDLE_TIMEOUT", "300"}}};
    s.given_a_warm_worker();
    // The second worker rents its own, the first being busy.
    auto first = s.when_a_job_is_pushed("csm", 120);
    s.given_workers(1);
    auto second = s.when_a_job_is_pushed("csm", 120);
    s.until([&] {
      return s.status(first) == "success" && s.status(second) == "success";
    });
    BOOST_TEST(s.gpus_running() == 2u);
    auto due_s = s.now_s();
    auto idle = s.until([&] {
      if (s.now_s() >= due_s) {
        s.when_a_job_is_pushed("csm", 8);
        due_s += 15;
      }
      return s.gpus_running() == 1;
    });
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(idle > 0);
      BOOST_TEST(idle < 301);
      BOOST_TEST(s.world->cloud.launches() == 2u);
      BOOST_TEST(s.broken_rule() == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_job_without_a_gpu_waits_for_the_jitter_and_a_boot_only) {
  fleet_scenario s;
  s.given_workers(3);
  s.when_a_job_is_pushed("csm", 4);
  auto took = s.until([&] {
    return s.gpus_running() == 1;
  });
  BOOST_TEST(took > 15);
  BOOST_TEST(took < 31);
}

BOOST_AUTO_TEST_SUITE_END()
