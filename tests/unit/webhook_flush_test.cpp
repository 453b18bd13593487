// What is still delivered when the node ends.
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::webhook_sender;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(flushing)

BOOST_AUTO_TEST_CASE(an_empty_actor_is_flushed_at_once) {
  policy p{config{}};
  BOOST_TEST(all<flushed>(p.on_flush(30s, t0)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(waits_for_what_is_in_flight) {
  policy p{config{}};
  p.on_deliver(entry(1), both(t0));
  BOOST_TEST(all<flushed>(p.on_flush(30s, t0)).empty());
  BOOST_TEST(all<flushed>(p.on_answer("msg_1", answered(200), both(t0))).size()
             == 1u);
}

BOOST_AUTO_TEST_CASE(waits_for_a_try_within_its_patience_and_for_no_other) {
  policy near{config{}};
  near.on_deliver(entry(1), both(t0));
  near.on_answer("msg_1", answered(500), both(t0));
  BOOST_TEST(all<flushed>(near.on_flush(30s, t0)).empty());
  policy far{config{}};
  far.on_deliver(entry(1), both(t0));
  far.on_answer("msg_1", answered(503, "120"), both(t0));
  BOOST_TEST(all<flushed>(far.on_flush(30s, t0)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(ends_with_its_patience) {
  policy p{config{}};
  p.on_deliver(entry(1), both(t0));
  auto limit = timer_of(p.on_flush(30s, t0), timer::flush);
  BOOST_REQUIRE(limit);
  BOOST_TEST((limit->delay == 30s));
  BOOST_TEST(
    all<flushed>(p.on_timer(timer::flush, limit->generation, t0 + 30)).size()
    == 1u);
}

BOOST_AUTO_TEST_CASE(takes_nothing_new_from_the_outbox) {
  policy p{config{}};
  auto sweep = timer_of(p.start(), timer::sweep);
  BOOST_REQUIRE(sweep);
  p.on_deliver(entry(1), both(t0));
  p.on_flush(30s, t0);
  BOOST_TEST(p.on_timer(timer::sweep, sweep->generation, t0 + 15).empty());
}

BOOST_AUTO_TEST_SUITE_END()
