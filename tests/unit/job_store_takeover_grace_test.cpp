// After an outage, and after refusals, the living have a lease's time to renew.
#include "actors/io/redis/takeover_grace.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

constexpr auto lease = 30s;

struct fixture {
  bool over() const {
    return x.is_over(now, lease);
  }

  bool writes() const {
    return x.needs_writes(now, lease);
  }

  takeover_grace x;
  takeover_grace::time_point now{1h};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_grace_before_a_takeover, fixture)

BOOST_AUTO_TEST_CASE(lasts_a_lease_from_the_connect) {
  now += 1h;
  BOOST_TEST(!over());
  x.on_up(now);
  now += 29'999ms;
  BOOST_TEST(!over());
  now += 1ms;
  BOOST_TEST(over());
  BOOST_TEST(!writes());
}

BOOST_AUTO_TEST_CASE(begins_anew_when_redis_goes) {
  x.on_up(now);
  now += 1h;
  x.on_down();
  BOOST_TEST(!over());
  x.on_up(now);
  BOOST_TEST(!over());
}

BOOST_AUTO_TEST_CASE(begins_anew_with_each_refusal_and_asks_for_writes) {
  x.on_up(now);
  now += 1h;
  for (auto i = 0; i < 3; ++i) {
    x.on_refusal(now);
    now += 29s;
    BOOST_TEST(!over());
    BOOST_TEST(writes());
  }
  now += 1s;
  BOOST_TEST(over());
  BOOST_TEST(!writes());
}

BOOST_AUTO_TEST_CASE(does_not_begin_with_a_refusal_when_redis_is_away) {
  x.on_refusal(now);
  now += 1h;
  BOOST_TEST(!over());
  BOOST_TEST(!writes());
}

BOOST_AUTO_TEST_SUITE_END()
