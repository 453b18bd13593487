// max_time, MAX_RENDER_TIME, complete_by, cancellation, and the lock.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

namespace {

std::string end_of(rule_world& s, size_t job) {
  return s.status(job) + ": " + s.field(job, "error");
}

} // namespace

BOOST_AUTO_TEST_SUITE(rule_job_limits)

BOOST_AUTO_TEST_CASE(max_render_time_caps_a_render) {
  rule_world s{{{"MAX_RENDER_TIME", "40"}}};
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 100);
  auto took = s.ms_until([&] {
    return s.status(job) == "failed";
  });
  BOOST_TEST(end_of(s, job)
             == "failed: Job exceeded maximum runtime of 40 seconds");
  // The service is told to stop before the job ends.
  BOOST_TEST(took >= 40'000);
  BOOST_TEST(took <= 40'100);
}

BOOST_AUTO_TEST_CASE(complete_by_ends_a_job_that_runs) {
  rule_world s;
  s.given_a_warm_worker();
  sim_job x;
  x.type = "whisper";
  x.duration_s = 100;
  x.complete_within_s = 30;
  auto job = s.when_this_is_pushed(x);
  auto took = s.ms_until([&] {
    return s.status(job) == "failed";
  });
  BOOST_TEST(
    s.field(job, "error").starts_with("Job exceeded completion deadline ("));
  BOOST_TEST(took >= 30'000);
  BOOST_TEST(took <= 30'100);
}

BOOST_AUTO_TEST_CASE(complete_by_that_has_passed_fails_a_job_unbegun) {
  rule_world s{
    {{"PRE_LAUNCH_TIMEOUT", "60"}, {"PRE_LAUNCH_TIMEOUT_MAX", "60"}}};
  s.given_workers(1);
  sim_job x;
  x.type = "whisper";
  x.complete_within_s = 10;
  auto job = s.when_this_is_pushed(x);
  auto took = s.ms_until([&] {
    return s.status(job) == "failed";
  });
  BOOST_TEST(end_of(s, job)
             == "failed: Job expired before processing could begin");
  // A worker without a free slot looks at the queue at that moment.
  BOOST_TEST(took >= 10'000);
  BOOST_TEST(took <= 10'010);
  BOOST_TEST(!s.world->redis.server().find("queue:jobs"));
  BOOST_TEST(s.gpus_running() == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_job_is_stopped_within_a_second) {
  rule_world s;
  s.given_a_warm_worker();
  for (auto wait_s : {2.0, 2.3, 2.6, 2.9}) {
    auto job = s.when_a_job_is_pushed("whisper", 60);
    s.after(wait_s);
    BOOST_TEST(s.renders_running() == 1u);
    s.world->cancel(job);
    auto took = s.ms_until([&] {
      return s.renders_running() == 0;
    });
    BOOST_TEST(took >= 0);
    BOOST_TEST(took <= 1'000);
    s.after(5);
    BOOST_TEST(s.status(job) == "cancelled");
  }
}

BOOST_AUTO_TEST_CASE(a_claimed_job_is_locked_for_300_s_and_out_of_the_queue) {
  rule_world s;
  s.given_a_warm_worker();
  auto job = s.when_a_job_is_pushed("whisper", 60);
  s.until([&] {
    return s.status(job) == "running";
  });
  auto lock = "job:" + job_table::id_of(job) + ":lock";
  auto left = s.world->redis.run({"PTTL", lock}).integer;
  BOOST_TEST(left + s.ms() - s.begun_ms(job) == 300'000);
  BOOST_TEST(s.world->redis.run({"GET", lock}).text == "w1");
  BOOST_TEST(s.field(job, "locked_by") == "w1");
  BOOST_TEST(!s.field(job, "locked_at").empty());
  BOOST_TEST(!s.world->redis.server().find("queue:jobs"));
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(!s.world->redis.server().find(lock));
}

BOOST_AUTO_TEST_CASE(a_dead_lock_of_a_python_worker_ends_after_300_s) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "1000"}}};
  s.given_a_warm_worker();
  auto record = "job:" + job_table::id_of(1);
  s.world->redis.run({"SET", record + ":lock", "python-1", "EX", "300"});
  s.world->redis.run({"HSET", record, "locked_by", "python-1"});
  s.when_a_job_is_pushed("whisper", 3);
  auto took = s.ms_until([&] {
    return s.status(1) == "running";
  });
  // With a free slot a queue of foreign jobs is looked at every 100 ms.
  BOOST_TEST(took >= 300'000);
  BOOST_TEST(took <= 300'101);
}

BOOST_AUTO_TEST_CASE(a_dead_lock_deep_in_the_queue_is_found_within_5_s) {
  rule_world s{{{"GPU_IDLE_TIMEOUT", "1000"}}};
  s.given_a_warm_worker();
  constexpr size_t others = 150;
  auto lock = [&](size_t job, const std::string& seconds) {
    auto record = "job:" + job_table::id_of(job);
    s.world->redis.run({"SET", record + ":lock", "python-1", "EX", seconds});
    s.world->redis.run({"HSET", record, "locked_by", "python-1"});
  };
  for (size_t job = 1; job <= others; ++job) {
    lock(job, "900");
    s.when_a_job_is_pushed("whisper", 3);
  }
  lock(others + 1, "300");
  auto dead = s.when_a_job_is_pushed("whisper", 3);
  for (size_t i = 0; i < others; ++i) {
    lock(dead + 1 + i, "900");
    s.when_a_job_is_pushed("whisper", 3);
  }
  s.after(299);
  // A new job is found within 100 ms all the same.
  auto fresh = s.when_a_job_is_pushed("whisper", 1);
  auto took = s.ms_until([&] {
    return s.status(fresh) == "running";
  });
  BOOST_TEST(took <= 101);
  took = s.ms_until([&] {
    return s.status(dead) == "running";
  });
  BOOST_TEST(took > 900 - 101);
  BOOST_TEST(took <= 1'000 + 5'101);
}

BOOST_AUTO_TEST_SUITE_END()
