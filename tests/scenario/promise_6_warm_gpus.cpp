// A warm GPU never waits for a timer while a job that fits it waits in the
// queue.
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
