// A new job goes to the worker whose GPU worked last, and a worker without a
// slot leaves it to those that have one.
#include "tests/unit/queue_watcher_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::queue_watcher;

namespace {

constexpr double soon = t0 + 0.025;

/// With a slot on a GPU that has been idle for so long at `t0`.
policy idle_for(double idle_s) {
  policy out{{}};
  // A look without a slot tells of two other workers.
  out.on_capacity(slots(0), t0);
  out.on_head({true}, t0);
  msg::queue_snapshot nothing;
  nothing.place = {0.5, 3};
  out.on_peeked(nothing, both(t0));
  auto free = slots(1);
  free.idle_since_s = t0 - idle_s;
  out.on_capacity(free, t0);
  return out;
}

pause_reason why(const policy& x) {
  return std::get<paused>(x.doing()).why;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_worker_with_an_idle_gpu)

BOOST_AUTO_TEST_CASE(leaves_a_new_job_to_others_in_proportion) {
  giving_way x;
  render::fleet_place two{0.5, 2};
  for (auto [idle_s, us] : {std::pair{-1.0, 0},
                            {0.0, 0},
                            {3.0, 250},
                            {30.0, 2'500},
                            {150.0, 12'500},
                            {300.0, 25'000},
                            {4'000.0, 25'000}})
    BOOST_TEST(x.with_slot(t0 - idle_s, t0, two) / 1us == us);
  // As a share of its own idle timeout.
  x.idle_timeout = 10s;
  BOOST_TEST(x.with_slot(t0 - 5, t0, two) / 1us == 12'500);
  x.idle_timeout = 0s;
  BOOST_TEST(x.with_slot(t0 - 5, t0, two) / 1us == 0);
  // Of two, the one that works counts: the owner says 0.
  BOOST_TEST(giving_way{}.with_slot(0, t0, two) / 1us == 0);
  // Alone, there is nobody to leave it to.
  BOOST_TEST(giving_way{}.with_slot(t0 - 300, t0, {}) / 1us == 0);
}

BOOST_AUTO_TEST_CASE(claims_when_that_is_over) {
  auto x = idle_for(300);
  auto out = x.on_head({true}, t0);
  BOOST_TEST(all<claim>(out).empty());
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out)[0].delay / 1ms == 25);
  BOOST_TEST((why(x) == pause_reason::left_to_warmer));
  BOOST_TEST(std::get<paused>(x.doing()).until_s == soon);
  out = x.on_timer(all<arm_timer>(out)[0].generation, soon);
  BOOST_TEST(all<claim>(out).size() == 1u);
  // Others have taken it: silent until the next push.
  out = x.on_claimed(claimed({}), both(soon));
  BOOST_TEST(all<wait_for_work>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out).empty());
}

BOOST_AUTO_TEST_CASE(claims_at_once_when_its_job_has_ended) {
  auto x = idle_for(300);
  auto out = x.on_head({true}, t0);
  auto timer = all<arm_timer>(out).at(0);
  // The same slots as before are no reason.
  BOOST_TEST(x.on_capacity(slots(1), t0).empty());
  BOOST_TEST(all<claim>(x.on_capacity(slots(2), t0 + 0.001)).size() == 1u);
  BOOST_TEST(x.on_timer(timer.generation, soon).empty());
}

BOOST_AUTO_TEST_CASE(goes_by_no_more_than_the_last_head) {
  auto x = idle_for(0);
  auto out = x.on_head({true}, t0);
  BOOST_TEST(all<claim>(out).size() == 1u);
  x.on_claimed(claimed({}), both(t0));
  // Having been too late changes nothing; time does.
  out = x.on_head({true}, t0 + 60);
  BOOST_TEST(all<arm_timer>(out).at(0).delay / 1ms == 5);
}

BOOST_AUTO_TEST_CASE(asks_nothing_more_while_it_leaves_a_job_to_others) {
  auto x = idle_for(300);
  x.on_head({true}, t0);
  BOOST_TEST(x.on_look_wanted(t0).empty());
  BOOST_TEST(x.on_head({true}, t0).empty());
  // Without any slot it is not about claiming.
  auto out = x.on_capacity(slots(0), t0);
  BOOST_TEST(all<wait_for_work>(out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// A watcher without a slot, and its clock.
struct player {
  /// A push wakes all who wait, long after they have begun to.
  effects pushed(int after_ms = 10'000) {
    now += after_ms / 1e3;
    return keep(x.on_head({true}, now));
  }

  effects quiet() {
    now += 30;
    return keep(x.on_head({false}, now));
  }

  effects nothing_left(const fleet_place& place = {}) {
    return keep(x.on_peeked({{}, 0, {}, place}, both(now)));
  }

  /// What follows the timer that was armed last.
  effects yielded() {
    now += std::chrono::duration<double>(armed.delay).count();
    return keep(x.on_timer(armed.generation, now));
  }

  effects keep(effects out) {
    armed = {};
    for (auto& y : all<arm_timer>(out))
      armed = y;
    return out;
  }

  policy x = awake(slots(0));
  double now = t0;
  arm_timer armed;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_worker_without_a_slot, player)

BOOST_AUTO_TEST_CASE(looks_at_once_at_the_first_job) {
  BOOST_TEST(all<peek>(pushed()).size() == 1u);
}

BOOST_AUTO_TEST_CASE(then_gives_way_for_250_ms_doubled_up_to_5_s) {
  pushed();
  BOOST_TEST(all<wait_for_work>(nothing_left()).size() == 1u);
  for (auto ms : {250, 500, 1'000, 2'000, 4'000, 5'000, 5'000}) {
    BOOST_TEST(all<peek>(pushed()).empty());
    BOOST_TEST(armed.delay / 1ms == ms);
    BOOST_TEST((why(x) == pause_reason::left_to_others));
    BOOST_TEST(all<wait_for_work>(yielded()).size() == 1u);
  }
  // What is still there is looked at, or what stands there by then.
  BOOST_TEST(all<peek>(pushed(100)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(gives_way_no_longer_once_it_sees_what_waits) {
  pushed();
  nothing_left();
  pushed();
  yielded();
  BOOST_REQUIRE(all<peek>(pushed(100)).size() == 1u);
  keep(x.on_peeked({{good_job("a")}, 1}, both(now)));
  BOOST_REQUIRE(all<peek>(yielded()).size() == 1u);
  nothing_left();
  pushed();
  BOOST_TEST(armed.delay / 1ms == 250);
}

// It has heard at its last look how many look for the same.
BOOST_AUTO_TEST_CASE(takes_its_turn_in_a_fleet) {
  pushed();
  nothing_left({0.5, 21});
  for (auto ms : {250, 500, 1'000, 2'000, 4'000, 5'000}) {
    pushed();
    BOOST_TEST(armed.delay / 1ms == ms + 3'000);
    yielded();
  }
  player in_a_crowd;
  in_a_crowd.pushed();
  in_a_crowd.nothing_left({0.5, 5'000});
  in_a_crowd.pushed();
  BOOST_TEST(in_a_crowd.armed.delay / 1ms == 250 + 15'000);
}

// What a slot fits is not left to others for longer because there are many.
BOOST_AUTO_TEST_CASE(takes_no_turn_with_a_slot) {
  pushed();
  nothing_left({0.5, 100});
  auto free = slots(1);
  free.idle_since_s = now;
  x.on_capacity(free, now);
  pushed(24'000);
  BOOST_TEST(armed.delay / 1ms == 2);
}

BOOST_AUTO_TEST_CASE(begins_anew_after_a_quiet_wait) {
  pushed();
  nothing_left();
  quiet();
  BOOST_TEST(all<peek>(pushed()).size() == 1u);
  nothing_left();
  for (int i = 0; i < 4; ++i) {
    pushed();
    yielded();
  }
  quiet();
  pushed();
  BOOST_TEST(armed.delay / 1ms == 250);
}

BOOST_AUTO_TEST_CASE(waits_no_longer_when_a_slot_becomes_free) {
  pushed();
  nothing_left();
  pushed();
  auto timer = armed;
  BOOST_TEST(timer.delay / 1ms == 250);
  BOOST_TEST(all<wait_for_work>(x.on_capacity(slots(1), now)).size() == 1u);
  BOOST_TEST(x.on_timer(timer.generation, now + 0.25).empty());
  // Of a fleet's GPUs, the one that worked last goes first.
  BOOST_TEST(all<claim>(pushed(0)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(claims_as_soon_as_it_has_one_for_what_it_has_seen) {
  pushed();
  keep(x.on_peeked({{good_job("a")}, 1}, both(now)));
  auto timer = armed;
  BOOST_TEST((why(x) == pause_reason::no_slot));
  BOOST_TEST(all<claim>(x.on_capacity(slots(1), now + 1)).size() == 1u);
  BOOST_TEST(x.on_timer(timer.generation, now + 3).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_slot_that_came_while_a_claim_was_under_way)

// That claim had not asked for it.
BOOST_AUTO_TEST_CASE(is_claimed_for_at_once) {
  auto x = awake(slots(1));
  x.on_head({true}, t0);
  auto more = slots(1);
  more.free.push_back({{"analyze"}, 1});
  BOOST_TEST(x.on_capacity(more, t0).empty());
  auto out = x.on_claimed(claimed({}, true), both(t0));
  BOOST_TEST(all<claim>(out).size() == 1u);
  // Nor had the one that filled the only slot.
  auto y = awake(slots(1));
  y.on_head({true}, t0);
  y.on_capacity(slots(2), t0);
  out = y.on_claimed(claimed({good_job("a")}, true), both(t0));
  BOOST_TEST(all<claim>(out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
