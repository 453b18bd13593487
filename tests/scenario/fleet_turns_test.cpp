// Workers of a large fleet take turns in looking for the jobs of dead workers.
#include "tests/scenario/store_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

/// JOB STOREs that only look for orphans.
struct fleet : store_world {
  void start_all(uint64_t count) {
    for (uint64_t i = 1; i <= count; ++i)
      start(i);
    // A store takes nothing over before the time of a lease has passed.
    time.run_for(2min);
  }

  /// The first worker dies with a job; seconds until it waits again.
  double back_after_s() {
    redis.run({"HSET", "job:a", "id", "a", "type", "csm", "status", "queued",
               "created_at", "1700000000", "data", "{}"});
    redis.run({"RPUSH", "queue:jobs", "a"});
    tell(1, msg::claim_jobs{{{{"csm"}, 1}}});
    BOOST_REQUIRE(status("a") == "running");
    auto since = time.unix_now();
    die(1);
    while (status("a") != "queued" && time.unix_now() - since < 300)
      time.run_for(10ms);
    return time.unix_now() - since;
  }

  /// Commands that Redis runs for one worker in ten minutes: its looks only.
  double commands_of_each() {
    auto before = redis.server().commands();
    time.run_for(10min);
    return static_cast<double>(redis.server().commands() - before)
           / static_cast<double>(stores.size());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(what_a_dead_worker_left, fleet)

BOOST_AUTO_TEST_CASE(is_found_as_its_lease_runs_out_by_a_fleet_of_three) {
  start_all(3);
  auto s = back_after_s();
  BOOST_TEST(s >= 28);
  BOOST_TEST(s <= 31);
}

BOOST_AUTO_TEST_CASE(and_by_one_of_a_hundred) {
  start_all(100);
  auto s = back_after_s();
  BOOST_TEST(s >= 28);
  BOOST_TEST(s <= 31);
}

// The survivor still counts the dead workers when it computes its turn.
BOOST_AUTO_TEST_CASE(is_found_within_a_minute_by_the_only_survivor) {
  start_all(100);
  for (uint64_t i = 3; i <= 100; ++i)
    redis.drop(i);
  auto s = back_after_s();
  BOOST_TEST(s >= 28);
  BOOST_TEST(s <= 60);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_look_for_what_dead_workers_left)

BOOST_AUTO_TEST_CASE(is_made_more_seldom_by_each_of_a_large_fleet) {
  fleet few;
  few.start_all(3);
  fleet many;
  many.start_all(100);
  auto of_few = few.commands_of_each();
  auto of_many = many.commands_of_each();
  BOOST_TEST(of_many < 0.8 * of_few, of_many << " of " << of_few);
  BOOST_TEST(of_many > 0.4 * of_few, of_many << " of " << of_few);
}

BOOST_AUTO_TEST_SUITE_END()
