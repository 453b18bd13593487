// A warm GPU waits for no timer while a fitting job waits in the queue, except
// for the moment in which its worker gives way to others.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render::harness;

namespace {

// The second worker rents a GPU because the first worker is busy.
void given_two_warm_workers(fleet_scenario& s) {
  s.given_a_warm_worker();
  auto first = s.when_a_job_is_pushed("csm", 120);
  s.given_workers(1);
  auto second = s.when_a_job_is_pushed("csm", 120);
  s.until([&] {
    return s.status(first) == "success" && s.status(second) == "success";
  });
}

} // namespace

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
    given_two_warm_workers(s);
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

BOOST_AUTO_TEST_CASE(so_do_jobs_that_come_quickly_one_after_the_other) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    fleet_scenario s{seed,
                     {{"GPU_IDLE_TIMEOUT", "300"}, {"JOBS_PER_GPU", "3"}}};
    s.given_a_warm_worker();
    for (auto i = 0; i < 3; ++i)
      s.when_a_job_is_pushed("csm", 120);
    s.given_workers(1);
    auto last = s.when_a_job_is_pushed("csm", 120);
    s.until([&] {
      return s.status(last) == "success";
    });
    BOOST_TEST(s.gpus_running() == 2u);
    auto left_s = s.now_s() + 302;
    while (s.now_s() < left_s) {
      for (auto i = 0; i < 3; ++i) {
        s.when_a_job_is_pushed("csm", 8);
        s.after(0.05);
      }
      s.after(14.85);
    }
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(s.gpus_running() == 1u);
      BOOST_TEST(s.world->cloud.launches() == 2u);
      BOOST_TEST(s.broken_rule() == "");
    }
  }
}

// The job does not wait for the GPU that its own worker then boots.
BOOST_AUTO_TEST_CASE(a_job_whose_gpu_died_goes_to_whoever_has_a_warm_one) {
  fleet_scenario s;
  given_two_warm_workers(s);
  auto job = s.when_a_job_is_pushed("csm", 60);
  s.until([&] {
    return s.renders_running() == 1;
  });
  auto owner = s.field(job, "locked_by");
  auto running = s.world->cloud.running();
  auto at = std::find_if(running.begin(), running.end(), [](auto& entry) {
    return entry.second->busy > 0;
  });
  BOOST_REQUIRE(at != running.end());
  s.world->cloud.kill(at->first);
  // 53 s at most: 15 s until the worker looks at its GPU, 19 s until it is sure
  // of the death (three probes of 5 s with 2 s between them), 3 s in which the
  // dead GPU could still be told to stop the render, 15 s for which the worker
  // keeps the job for itself, and 1 s, since it looks at that each second. A
  // tenth of a second is for messages. A boot would take 20 s more.
  auto again = s.until([&] {
    auto now_with = s.field(job, "locked_by");
    return !now_with.empty() && now_with != owner;
  });
  BOOST_TEST(again > 15);
  BOOST_TEST(again < 53.1);
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(s.field(job, "attempt") == "2");
  BOOST_TEST(s.field(job, "history").find("does not answer")
             != std::string::npos);
  BOOST_TEST(s.broken_rule() == "");
}

// All GPUs of the fleet reach their age limit within the same half minute.
BOOST_AUTO_TEST_CASE(a_fleet_that_was_launched_at_once_is_replaced_unnoticed) {
  fleet_scenario s{1, {{"DEFAULT_GPU_REPLACE", "900"}}};
  s.given_workers(3);
  for (auto i = 0; i < 3; ++i)
    s.when_a_job_is_pushed("csm", 60);
  s.until([&] {
    return s.status(0) == "success" && s.status(1) == "success"
           && s.status(2) == "success";
  });
  BOOST_TEST(s.world->cloud.launches() == 3u);
  // Two of three are always busy.
  for (auto i = 0; i < 300; ++i) {
    auto job = s.when_a_job_is_pushed("csm", 8);
    s.after(3.5);
    BOOST_TEST(s.status(job) != "queued");
  }
  BOOST_TEST(s.gpus_running() == 3u);
  BOOST_TEST(s.world->cloud.launches() == 6u);
  BOOST_TEST(s.broken_rule() == "");
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
