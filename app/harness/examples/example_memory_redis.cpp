// Example: the Redis in memory alone, with time set by the caller.
#include "app/harness/memory_redis.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(a_lock_expires_when_its_time_has_come) {
  int64_t now_ms = 1'000;
  render::harness::memory_redis redis{[&] {
    return now_ms;
  }};
  redis.run({"SET", "lock", "me", "PX", "500"});
  auto held
    = redis.run({"EVAL", "return redis.call('EXISTS', KEYS[1])", "1", "lock"});
  BOOST_TEST(held.integer == 1);

  now_ms += 500;
  BOOST_TEST(redis.run({"EXISTS", "lock"}).integer == 0);

  redis.now_is.out_of_memory = true;
  BOOST_TEST(redis.run({"SET", "lock", "you"}).text.starts_with("OOM"));
}
