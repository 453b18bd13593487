// After an outage nothing is claimed until the owners of lost claims are back.
#include "actors/io/redis/durable/claim_hold.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  void outage(std::chrono::nanoseconds length) {
    x.on_down(now);
    now += length;
    x.on_up(now, 500ms, 5s);
  }

  claim_hold x;
  claim_hold::time_point now{1h};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(claims, fixture)

BOOST_AUTO_TEST_CASE(are_not_held_back_before_the_first_outage) {
  BOOST_TEST((x.left(now) == 0ms));
  x.on_up(now, 500ms, 5s);
  BOOST_TEST((x.left(now) == 0ms));
  BOOST_TEST(!x.is_down());
}

BOOST_AUTO_TEST_CASE(are_not_made_while_redis_is_away) {
  x.on_down(now);
  BOOST_TEST(x.is_down());
  x.on_up(now, 500ms, 5s);
  BOOST_TEST(!x.is_down());
}

BOOST_AUTO_TEST_CASE(are_held_back_for_as_long_as_redis_was_away) {
  outage(2s);
  BOOST_TEST((x.left(now) == 2s));
  now += 1'999'500us;
  BOOST_TEST((x.left(now) == 1ms));
  now += 500us;
  BOOST_TEST((x.left(now) == 0ms));
}

BOOST_AUTO_TEST_CASE(but_within_limits) {
  outage(1ms);
  BOOST_TEST((x.left(now) == 500ms));
  now += 1s;
  outage(1h);
  BOOST_TEST((x.left(now) == 5s));
  now += 1min;
  // Who never waits for long between two tries.
  x.on_down(now);
  x.on_up(now, 500ms, 100ms);
  BOOST_TEST((x.left(now) == 100ms));
}

// A connect that fails says so again.
BOOST_AUTO_TEST_CASE(from_the_first_sign_of_an_outage_on) {
  x.on_down(now);
  now += 3s;
  outage(1s);
  BOOST_TEST((x.left(now) == 4s));
  now += 1min;
  outage(1s);
  BOOST_TEST((x.left(now) == 1s));
}

BOOST_AUTO_TEST_SUITE_END()
