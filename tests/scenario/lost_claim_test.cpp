// A claim that Redis has made, but whose answer was lost.
#include "tests/scenario/store_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

BOOST_FIXTURE_TEST_SUITE(a_claim_whose_answer_was_lost, store_world)

BOOST_AUTO_TEST_CASE(is_undone_as_soon_as_redis_is_there_again) {
  start(1);
  redis.run({"HSET", "job:a", "id", "a", "type", "csm", "status", "queued",
             "created_at", "1700000000", "data", "{}"});
  redis.run({"RPUSH", "queue:jobs", "a"});
  redis.latency = {0.1, 0.1};
  caf::anon_send(stores.at(1), msg::claim_jobs{{{{"csm"}, 1}}});
  // Refused once, since Redis does not know the script yet.
  time.run_for(350ms);
  BOOST_TEST_REQUIRE(status("a") == "running");
  redis.crash();
  redis.latency = {};
  redis.start();
  time.run_for(1s);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(redis.run({"LLEN", "queue:jobs"}).integer == 1);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// w1 runs a job, and Redis comes back with data from before the claim.
struct failover : store_world {
  void lose_the_claim_of_w1() {
    start(1);
    start(2);
    redis.run({"HSET", "job:a", "id", "a", "type", "csm", "status", "queued",
               "created_at", "1700000000", "data", "{}"});
    redis.run({"RPUSH", "queue:jobs", "a"});
    auto before = redis.server().save();
    tell(1, csm);
    BOOST_REQUIRE(owner() == "w1");
    redis.crash();
    redis.server().load(before);
    time.run_for(1s);
    redis.start();
  }

  /// w2 asks for the job each millisecond for this time; returns how often it
  /// gets the job.
  size_t w2_claims_for(std::chrono::milliseconds d) {
    auto got = std::make_shared<size_t>(0);
    for (auto end = time.now() + d; time.now() < end; time.run_for(1ms))
      time.system().spawn([got, this](caf::event_based_actor* self) {
        self->request(stores.at(2), 20s, csm)
          .then(
            [got](const msg::claimed_jobs& x) {
              *got += x.jobs.size();
            },
            [](const caf::error&) {
              // Redis is down.
            });
      });
    return *got;
  }

  std::string owner() {
    return redis.run({"HGET", "job:a", "locked_by"}).text;
  }

  msg::claim_jobs csm{{{{"csm"}, 1}}};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_claim_that_redis_has_lost, failover)

BOOST_AUTO_TEST_CASE(is_made_again_before_others_claim_anything) {
  lose_the_claim_of_w1();
  BOOST_TEST(w2_claims_for(5s) == 0u);
  BOOST_TEST(owner() == "w1");
}

BOOST_AUTO_TEST_CASE(is_anothers_when_its_owner_does_not_come_back) {
  lose_the_claim_of_w1();
  die(1);
  BOOST_TEST(w2_claims_for(5s) == 1u);
  BOOST_TEST(owner() == "w2");
}

// Requests made meanwhile fail with the connection: the asker may not exist any
// more when a later answer comes.
BOOST_AUTO_TEST_CASE(is_not_waited_for_over_another_outage) {
  lose_the_claim_of_w1();
  die(1);
  BOOST_REQUIRE(w2_claims_for(5ms) == 0u);
  redis.crash();
  redis.start();
  time.run_for(30s);
  BOOST_TEST(owner() == "");
}

BOOST_AUTO_TEST_SUITE_END()
