// A claim that Redis has made, and whose answer was lost.
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
