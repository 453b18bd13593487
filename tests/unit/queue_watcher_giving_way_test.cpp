// Who was late for a job gives way to the others the next time.
#include "tests/unit/queue_watcher_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::queue_watcher;

namespace {

/// A watcher and its clock.
struct player {
  explicit player(uint32_t free) : x(awake(slots(free))) {
    // nop
  }

  /// A push wakes all who wait, long after they have begun to.
  effects pushed() {
    return pushed_after(10'000);
  }

  effects pushed_after(int ms) {
    now += ms / 1e3;
    return keep(
      x.on_head({true, job_id{"job" + std::to_string(++pushes)}}, now));
  }

  /// What was pushed last still stands there.
  effects left_standing() {
    now += 0.001;
    return keep(x.on_head({true, job_id{"job" + std::to_string(pushes)}}, now));
  }

  effects quiet() {
    now += 30;
    return keep(x.on_head({false}, now));
  }

  /// Somebody else has taken it.
  effects too_late() {
    return keep(x.on_claimed(claimed({}), both(now)));
  }

  effects nothing_left() {
    return keep(x.on_peeked({{}, 0}, both(now)));
  }

  /// What follows the timer that was armed last.
  effects yielded() {
    now += std::chrono::duration<double>(armed.delay).count();
    return keep(x.on_timer(armed.generation, now));
  }

  /// This many races in a row. Whoever gives way learns only from the next
  /// head that it would have lost.
  void lose(int times) {
    for (int i = 0; i < times; ++i) {
      pushed();
      if (armed.delay > duration{0})
        yielded();
      else
        too_late();
    }
  }

  effects keep(effects out) {
    armed = {};
    for (auto& y : all<arm_timer>(out))
      armed = y;
    return out;
  }

  policy x;
  double now = t0;
  int pushes = 0;
  arm_timer armed;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_watcher_that_was_never_late)

BOOST_AUTO_TEST_CASE(claims_at_once) {
  player p{1};
  auto out = p.pushed();
  BOOST_TEST(all<claim>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out).empty());
}

BOOST_AUTO_TEST_CASE(looks_at_once_without_a_slot) {
  player p{0};
  BOOST_TEST(all<peek>(p.pushed()).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_watcher_that_was_late)

BOOST_AUTO_TEST_CASE(waits_3_ms_and_then_for_work_again) {
  player p{1};
  p.pushed();
  BOOST_TEST(all<wait_for_work>(p.too_late()).size() == 1u);
  auto out = p.pushed();
  BOOST_TEST(all<claim>(out).empty());
  BOOST_TEST(all<wait_for_work>(out).empty());
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(p.armed.delay / 1ms == 3);
  out = p.yielded();
  BOOST_TEST(all<claim>(out).empty());
  BOOST_TEST(all<wait_for_work>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(claims_what_is_still_there_afterwards) {
  player p{1};
  p.lose(1);
  p.pushed();
  p.yielded();
  BOOST_TEST(all<claim>(p.left_standing()).size() == 1u);
}

// Where jobs come quickly one after the other, as anywhere.
BOOST_AUTO_TEST_CASE(gives_way_for_another_job_that_comes_at_once) {
  player p{1};
  p.lose(1);
  for (auto ms : {1, 8, 12, 100}) {
    p.pushed();
    p.yielded();
    BOOST_TEST(all<claim>(p.pushed_after(ms)).empty());
    BOOST_TEST(p.armed.delay / 1ms > 0);
    p.yielded();
  }
}

BOOST_AUTO_TEST_CASE(claims_when_heads_have_come_at_once_17_times_in_a_row) {
  player p{1};
  p.lose(1);
  auto come_at_once = [&p](int times) {
    for (int i = 0; i < times; ++i) {
      BOOST_REQUIRE(all<claim>(p.pushed_after(8)).empty());
      p.yielded();
    }
  };
  come_at_once(16);
  p.pushed_after(12);
  p.yielded();
  come_at_once(16);
  BOOST_TEST(all<claim>(p.pushed_after(8)).size() == 1u);
  // And gives way again if that was in vain.
  p.too_late();
  BOOST_TEST(all<claim>(p.pushed()).empty());
}

// However many: it is to run into its idle timeout.
BOOST_AUTO_TEST_CASE(gives_way_for_each_job_that_others_take) {
  player p{1};
  p.lose(1);
  for (int i = 0; i < 2'000; ++i) {
    BOOST_REQUIRE(all<claim>(p.pushed()).empty());
    p.yielded();
  }
}

BOOST_AUTO_TEST_CASE(goes_on_giving_way_when_only_foreign_jobs_wait) {
  player p{1};
  p.lose(7);
  p.pushed();
  p.yielded();
  BOOST_REQUIRE(all<claim>(p.left_standing()).size() == 1u);
  auto out = p.keep(p.x.on_claimed(claimed({}, true), both(p.now)));
  BOOST_REQUIRE(all<peek>(out).size() == 1u);
  p.keep(p.x.on_peeked({{good_job("v", "analyze")}, 1}, both(p.now)));
  // It is gone.
  p.keep(p.x.on_timer(p.armed.generation, p.now));
  p.keep(p.x.on_claimed(claimed({}), both(p.now)));
  BOOST_TEST(all<claim>(p.pushed()).empty());
  BOOST_TEST(p.armed.delay / 1ms == 12);
}

BOOST_AUTO_TEST_CASE(gives_way_longer_with_each_doubling_up_to_25_ms) {
  for (auto [lost, ms] :
       {std::pair{1, 3}, {2, 6}, {3, 6}, {4, 9}, {7, 9}, {8, 12}, {31, 15}}) {
    player p{1};
    p.lose(lost);
    p.pushed();
    BOOST_TEST_CONTEXT("after " << lost << " races")
    BOOST_TEST(p.armed.delay / 1ms == ms);
  }
  player p{1};
  p.lose(1'000);
  p.pushed();
  BOOST_TEST(p.armed.delay / 1ms == 25);
}

BOOST_AUTO_TEST_CASE(is_as_quick_as_ever_once_it_gets_a_job) {
  player p{2};
  p.lose(5);
  p.pushed();
  p.yielded();
  BOOST_REQUIRE(all<claim>(p.left_standing()).size() == 1u);
  p.x.on_claimed(claimed({good_job("a")}), both(p.now));
  BOOST_TEST(all<claim>(p.pushed()).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_full_node_that_was_late)

BOOST_AUTO_TEST_CASE(gives_way_for_250_ms_doubled_up_to_5_s) {
  player p{0};
  p.pushed();
  BOOST_TEST(all<wait_for_work>(p.nothing_left()).size() == 1u);
  for (auto ms : {250, 500, 1'000, 2'000, 4'000, 5'000, 5'000}) {
    BOOST_TEST(all<peek>(p.pushed()).empty());
    BOOST_TEST(p.armed.delay / 1ms == ms);
    BOOST_TEST(all<wait_for_work>(p.yielded()).size() == 1u);
  }
  // What is still there is looked at, or what stands there by then.
  BOOST_TEST(all<peek>(p.pushed_after(100)).size() == 1u);
}

// It has heard at its last look how many look for the same.
BOOST_AUTO_TEST_CASE(takes_its_turn_in_a_fleet) {
  player p{0};
  p.pushed();
  p.keep(p.x.on_peeked({{}, 0, {}, {0.5, 21}}, both(p.now)));
  for (auto ms : {250, 500, 1'000, 2'000, 4'000, 5'000}) {
    p.pushed();
    BOOST_TEST(p.armed.delay / 1ms == ms + 3'000);
    p.yielded();
  }
  player in_a_crowd{0};
  in_a_crowd.pushed();
  in_a_crowd.keep(
    in_a_crowd.x.on_peeked({{}, 0, {}, {0.5, 5'000}}, both(in_a_crowd.now)));
  in_a_crowd.pushed();
  BOOST_TEST(in_a_crowd.armed.delay / 1ms == 250 + 15'000);
}

// What a slot fits is not left to others for longer because there are many.
BOOST_AUTO_TEST_CASE(takes_no_turn_with_a_slot) {
  player p{0};
  p.pushed();
  p.keep(p.x.on_peeked({{}, 0, {}, {0.5, 100}}, both(p.now)));
  p.x.on_capacity(slots(1), p.now);
  p.lose(1);
  p.pushed();
  BOOST_TEST(p.armed.delay / 1ms == 3);
}

BOOST_AUTO_TEST_CASE(begins_anew_after_a_quiet_wait) {
  player p{0};
  p.pushed();
  p.nothing_left();
  p.quiet();
  BOOST_TEST(all<peek>(p.pushed()).size() == 1u);
  p.nothing_left();
  for (int i = 0; i < 4; ++i) {
    p.pushed();
    p.yielded();
  }
  p.quiet();
  p.pushed();
  BOOST_TEST(p.armed.delay / 1ms == 250);
}

BOOST_AUTO_TEST_CASE(waits_no_longer_when_a_slot_becomes_free) {
  player p{0};
  p.pushed();
  p.nothing_left();
  p.pushed();
  auto timer = p.armed;
  BOOST_TEST(timer.delay / 1ms == 250);
  auto out = p.x.on_capacity(slots(1), p.now);
  BOOST_TEST(all<wait_for_work>(out).size() == 1u);
  BOOST_TEST(p.x.on_timer(timer.generation, p.now + 0.25).empty());
  BOOST_TEST(all<claim>(p.left_standing()).size() == 1u);
}

// Of a fleet's GPUs, the one that was used last goes first.
BOOST_AUTO_TEST_CASE(claims_at_once_when_its_job_has_ended) {
  player p{0};
  p.pushed();
  p.nothing_left();
  for (int i = 0; i < 5; ++i) {
    p.pushed();
    p.yielded();
  }
  p.x.on_capacity(slots(1), p.now);
  BOOST_TEST(all<claim>(p.pushed()).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
