// A job that was queued reaches exactly one final status, whatever process,
// GPU, Redis or network dies meanwhile.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(promise_1_one_final_status)

BOOST_AUTO_TEST_CASE(a_job_survives_the_death_of_its_worker) {
  fleet_scenario s;
  s.given_workers(2);
  auto job = s.when_a_job_is_pushed("whisper", 30);
  BOOST_TEST(s.until([&] {
    return s.renders_running() == 1;
  }) > 0);
  auto owner = s.field(job, "locked_by");
  s.after(5);
  s.world->kill_node(s.world->find_node(owner)->client);
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  // A lease of 30 s, a look every 10 s, a GPU to boot, and 30 s of work.
  BOOST_TEST(took > 30);
  BOOST_TEST(took < 240);
  BOOST_TEST(s.field(job, "locked_by") != owner);
  s.after(60);
  BOOST_TEST(s.deliveries(job) == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_job_survives_the_death_of_its_gpu) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("portrait", 60);
  s.after(20);
  s.world->cloud.kill(s.world->cloud.running().begin()->first);
  BOOST_TEST(s.until([&] {
    return s.status(job) == "success";
  }) > 0);
  BOOST_TEST(s.field(job, "attempt") == "2");
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(an_end_that_was_refused_late_is_written_later) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 10);
  s.after(5);
  // Redis is full, and its refusal comes later than the next try.
  s.world->redis.server().now_is.out_of_memory = true;
  s.world->redis.latency = {1.5, 1.5};
  s.after(20);
  BOOST_TEST(s.status(job) == "running");
  s.world->redis.server().now_is.out_of_memory = false;
  s.world->redis.latency = {};
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  // A try every 5 s, and 3 s until its refusal arrives.
  BOOST_TEST(took >= 0);
  BOOST_TEST(took <= 8);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_does_not_come_back_with_what_was_lost) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("portrait", 60);
  s.after(20);
  s.world->cancel(job);
  BOOST_TEST(s.until([&] {
    return s.renders_running() == 0;
  }) <= 1.1);
  s.world->redis.crash();
  s.world->redis.server().load({});
  s.world->redis.start();
  s.after(30);
  BOOST_TEST(s.status(job) == "");
}

BOOST_AUTO_TEST_CASE(a_render_goes_on_while_redis_is_away) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 30);
  s.after(5);
  s.world->redis.crash();
  s.after(60);
  BOOST_TEST(s.status(job) == "running");
  s.world->redis.start();
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  // The wait between tries to connect is 5 s at most.
  BOOST_TEST(took >= 0);
  BOOST_TEST(took < 11);
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

// All leases run out while their renewals are refused.
BOOST_AUTO_TEST_CASE(nothing_is_taken_over_because_redis_was_full) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    fleet_scenario s{seed};
    s.given_workers(5);
    auto job = s.when_a_job_is_pushed("whisper", 200);
    s.until([&] {
      return s.renders_running() == 1;
    });
    auto owner = s.field(job, "locked_by");
    auto launches = s.world->cloud.launches();
    s.after(5);
    s.world->redis.server().now_is.out_of_memory = true;
    s.after(50 + 0.1 * static_cast<double>(seed));
    s.world->redis.server().now_is.out_of_memory = false;
    s.until([&] {
      return s.status(job) == "success";
    });
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(s.field(job, "locked_by") == owner);
      BOOST_TEST(s.field(job, "attempt") == "1");
      BOOST_TEST(s.world->cloud.launches() == launches);
      BOOST_TEST(s.broken_rule() == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_status_of_the_front_end_is_never_overwritten) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 30);
  s.after(5);
  s.world->cancel(job);
  auto gpu = s.world->cloud.running().begin()->second;
  auto took = s.until([&] {
    return gpu->busy == 0;
  });
  BOOST_TEST(took >= 0);
  BOOST_TEST(took < 1.1);
  s.after(60);
  BOOST_TEST(s.status(job) == "cancelled");
  BOOST_TEST(s.deliveries(job) == 0u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_SUITE_END()
