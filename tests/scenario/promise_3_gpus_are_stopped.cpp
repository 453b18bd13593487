// An unused GPU is stopped: an idle one after the timeout, a dead worker's one
// within a minute.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(promise_3_gpus_are_stopped)

BOOST_AUTO_TEST_CASE(an_idle_gpu_is_stopped_at_its_timeout) {
  fleet_scenario s{1, {{"GPU_IDLE_TIMEOUT", "120"}}};
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 3);
  s.until([&] {
    return s.status(job) == "success";
  });
  auto took = s.until([&] {
    return s.gpus_running() == 0;
  });
  // The slot is free a few milliseconds after the run, and the provider takes
  // a moment.
  BOOST_TEST(took > 119.9);
  BOOST_TEST(took < 120.1);
  BOOST_TEST(s.world->cloud.gpus().at(1).end == "stopped");
}

BOOST_AUTO_TEST_CASE(orphans_of_a_dead_node_are_stopped_within_a_minute) {
  fleet_scenario s;
  s.given_a_warm_worker();
  s.world->add_node();
  s.after(30);
  BOOST_TEST(s.gpus_running() == 1u);
  s.world->kill_node(1);
  auto took = s.until([&] {
    return s.gpus_running() == 0;
  });
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 60);
}

BOOST_AUTO_TEST_CASE(a_refused_stop_is_repeated_until_the_provider_agrees) {
  audit_limits patient;
  patient.idle_tolerance_s = 120;
  fleet_scenario s{1, {{"GPU_IDLE_TIMEOUT", "10"}}, patient};
  s.given_workers(1);
  auto job = s.when_a_job_is_pushed("whisper", 3);
  s.until([&] {
    return s.status(job) == "success";
  });
  s.world->cloud.faults.call_refused = 1;
  s.after(60);
  BOOST_TEST(s.gpus_running() == 1u);
  s.world->cloud.faults.call_refused = 0;
  auto took = s.until([&] {
    return s.gpus_running() == 0;
  });
  BOOST_TEST(took >= 0);
  BOOST_TEST(took < 31);
}

BOOST_AUTO_TEST_CASE(a_launch_that_fails_after_the_fact_is_found) {
  for (auto status : {500, 503, 408}) {
    fleet_scenario s{1, {{"GPU_IDLE_TIMEOUT", "60"}}};
    s.world->cloud.lost_answers = {status};
    s.given_workers(1);
    auto job = s.when_a_job_is_pushed("whisper", 3);
    s.until([&] {
      return s.status(job) == "success";
    });
    BOOST_TEST(s.world->cloud.launches() == 1u, status);
    auto took = s.until([&] {
      return s.gpus_running() == 0;
    });
    BOOST_TEST(took >= 0, status);
    BOOST_TEST(took < 61, status);
  }
}

BOOST_AUTO_TEST_CASE(a_machine_that_never_boots_is_stopped) {
  fleet_scenario s{1, {{"GPU_BOOT_TIMEOUT", "120"}}};
  s.world->cloud.faults.never_boots = 1;
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 3);
  s.until([&] {
    return s.gpus_running() == 1;
  });
  auto& gpu = s.world->cloud.gpus().at(1);
  auto took = s.until([&] {
    return !gpu.running();
  });
  BOOST_TEST(took > 119);
  BOOST_TEST(took < 125);
}

BOOST_AUTO_TEST_SUITE_END()
