// When the queue is asked, and for what.
#include "tests/unit/queue_watcher_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::queue_watcher;

BOOST_AUTO_TEST_SUITE(a_flaw)

BOOST_AUTO_TEST_CASE(is_a_passed_deadline_or_a_bad_record) {
  auto x = good_job("a");
  BOOST_TEST(!flaw_of(x, t0));
  x.complete_by_s = t0;
  BOOST_REQUIRE(flaw_of(x, t0));
  BOOST_TEST(flaw_of(x, t0)->message
             == "Job expired before processing could begin");
  BOOST_TEST((flaw_of(x, t0)->kind == failure_kind::deadline_passed));
  x.complete_by_s = t0 + 0.001;
  BOOST_TEST(!flaw_of(x, t0));
  x.data = "{";
  BOOST_TEST((flaw_of(x, t0)->kind == failure_kind::invalid_input));
  x.type = "teleport";
  BOOST_TEST(flaw_of(x, t0)->message.find("Unknown job type") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_claim)

BOOST_AUTO_TEST_CASE(is_made_at_once_when_the_queue_has_a_head) {
  auto x = awake(slots(2));
  auto out = x.on_head({true}, t0);
  BOOST_REQUIRE(all<claim>(out).size() == 1u);
  BOOST_TEST(all<claim>(out)[0].quotas[0].count == 2u);
  BOOST_TEST(all<arm_timer>(out).empty());
}

BOOST_AUTO_TEST_CASE(is_made_only_for_slots_that_are_open) {
  auto x = awake(slots(2));
  x.on_head({true}, t0);
  // One job comes; the owner has not yet said that it has it.
  auto out = x.on_claimed(claimed({good_job("a")}, true), both(t0));
  BOOST_TEST(all<deliver>(out).size() == 1u);
  out = x.on_capacity(slots(2, 0), t0);
  for (auto& y : all<claim>(out))
    BOOST_TEST(y.quotas[0].count == 1u);
  // Now it has, and one slot is still open.
  x = awake(slots(1));
  x.on_head({true}, t0);
  x.on_claimed(claimed({good_job("a")}, true), both(t0));
  out = x.on_capacity(slots(0, 1), t0);
  BOOST_TEST(all<claim>(out).empty());
  out = x.on_peeked({{good_job("b")}, 1}, both(t0));
  BOOST_TEST(all<claim>(out).empty());
  // The job has ended: the slot is open again.
  out = x.on_capacity(slots(1, 1), t0 + 1);
  BOOST_REQUIRE(all<claim>(out).size() == 1u);
  BOOST_TEST(all<claim>(out)[0].quotas[0].count == 1u);
}

BOOST_AUTO_TEST_CASE(is_one_at_a_time) {
  auto x = awake(slots(1));
  BOOST_TEST(all<claim>(x.on_head({true}, t0)).size() == 1u);
  BOOST_TEST(all<claim>(x.on_capacity(slots(5), t0)).empty());
}

BOOST_AUTO_TEST_CASE(is_not_repeated_at_once_when_it_found_nothing) {
  auto x = awake(slots(1));
  x.on_head({true}, t0);
  auto out = x.on_claimed(claimed({}, true), both(t0));
  BOOST_TEST(all<claim>(out).empty());
  // A look at what waits, then again after 25 ms.
  BOOST_REQUIRE(all<peek>(out).size() == 1u);
  out = x.on_peeked({{}, 1}, both(t0));
  BOOST_TEST(all<claim>(out).empty());
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  auto timer = all<arm_timer>(out)[0];
  BOOST_TEST(timer.delay / 1ms == 25);
  BOOST_TEST(x.on_timer(timer.generation - 1, t0).empty());
  BOOST_TEST(all<claim>(x.on_timer(timer.generation, t0 + 0.025)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(that_finds_nothing_is_repeated_more_and_more_slowly) {
  auto x = awake(slots(2));
  x.on_head({true}, t0);
  x.on_claimed(claimed({}, true), both(t0));
  auto out = x.on_peeked({{}, 1}, both(t0));
  auto now = t0;
  for (auto delay : {25, 50, 100, 100}) {
    auto timer = all<arm_timer>(out).at(0);
    BOOST_TEST(timer.delay / 1ms == delay);
    now += delay / 1e3;
    BOOST_REQUIRE(all<claim>(x.on_timer(timer.generation, now)).size() == 1u);
    out = x.on_claimed(claimed({}, true), both(now));
    // Once in 250 ms it looks first.
    if (!all<peek>(out).empty())
      out = x.on_peeked({{}, 1}, both(now));
  }
  // One that finds something: quick again.
  x.on_timer(all<arm_timer>(out).at(0).generation, now += 0.1);
  out = x.on_claimed(claimed({good_job("a")}, true), both(now));
  if (!all<peek>(out).empty())
    out = x.on_peeked({{}, 1}, both(now));
  BOOST_TEST(all<arm_timer>(out).at(0).delay / 1ms == 25);
}

BOOST_AUTO_TEST_CASE(that_took_long_is_repeated_more_slowly) {
  auto x = awake(slots(1));
  x.on_head({true}, t0);
  x.on_claimed(claimed({}, true), both(t0 + 0.1));
  auto out = x.on_peeked({{}, 1}, both(t0 + 0.1));
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out)[0].delay / 1ms >= 390);
}

BOOST_AUTO_TEST_CASE(brings_bad_jobs_along_as_unfit) {
  auto x = awake(slots(2));
  x.on_head({true}, t0);
  auto late = good_job("late");
  late.complete_by_s = t0 - 1;
  auto out = x.on_claimed(claimed({good_job("a"), late}), both(t0));
  BOOST_REQUIRE(all<deliver>(out).size() == 1u);
  auto what = all<deliver>(out)[0].what;
  BOOST_TEST(what.jobs.size() == 1u);
  BOOST_REQUIRE(what.unfit.size() == 1u);
  BOOST_TEST(what.unfit[0].subject.id == "late");
  // It needs no slot: the next claim is for one more.
  out = x.on_head({true}, t0);
  for (auto& y : all<claim>(out))
    BOOST_TEST(y.quotas[0].count == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_full_node)

BOOST_AUTO_TEST_CASE(reports_what_waits_and_looks_again_in_three_seconds) {
  auto x = awake(slots(0));
  auto out = x.on_head({true}, t0);
  BOOST_TEST(all<claim>(out).empty());
  BOOST_REQUIRE(all<peek>(out).size() == 1u);
  auto old = good_job("old", "analyze");
  old.created_at_s = t0 - 500;
  out = x.on_peeked({{good_job("a"), old}, 2}, both(t0));
  BOOST_REQUIRE(all<report>(out).size() == 1u);
  auto seen = all<report>(out)[0].what;
  BOOST_TEST(seen.waiting_by_type.at("csm") == 1u);
  BOOST_TEST(seen.waiting_by_type.at("analyze") == 1u);
  BOOST_TEST(seen.oldest_created_at_s == t0 - 500);
  // What has just begun to wait may be the first of many.
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out)[0].delay / 1ms == 250);
  x.on_timer(all<arm_timer>(out)[0].generation, t0 + 0.25);
  out = x.on_peeked({{good_job("a"), old}, 2}, both(t0 + 0.25));
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out)[0].delay / 1ms == 3'000);
  // In a fleet it takes its turn.
  auto later = x;
  later.on_timer(all<arm_timer>(out)[0].generation, t0 + 3);
  auto again = later.on_peeked({{good_job("b")}, 1, {}, {0.5, 41}},
                               both(t0 + 3));
  BOOST_REQUIRE(all<arm_timer>(again).size() == 1u);
  BOOST_TEST(all<arm_timer>(again)[0].delay / 1ms == 3'000 + 2'000);
  // When all of it is gone, that is told once.
  out = x.on_timer(all<arm_timer>(out)[0].generation, t0 + 1);
  out = x.on_peeked({{}, 0}, both(t0 + 1));
  BOOST_REQUIRE(all<report>(out).size() == 1u);
  BOOST_TEST(all<report>(out)[0].what.waiting_by_type.empty());
  BOOST_TEST(all<wait_for_work>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(tells_how_many_have_no_inputs) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto clone = good_job("clone");
  clone.data = R"({"text":"Hi.","voice":"clone","reference_text":"Ho.",)"
               R"("reference_audio_url":"http://a.example/a"})";
  auto unread = good_job("unread");
  unread.data.clear();
  auto out = x.on_peeked(
    {{good_job("a"), good_job("b"), clone, unread, good_job("c", "analyze")},
     5},
    both(t0));
  auto without = all<report>(out).at(0).what.without_inputs;
  BOOST_TEST(without.size() == 1u);
  BOOST_TEST(without.at("csm") == 2u);
  // What is known already is remembered.
  x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 3);
  out = x.on_peeked({{}, 3, {0, 1, 3}}, both(t0 + 3));
  BOOST_TEST(all<report>(out).at(0).what.without_inputs.at("csm") == 2u);
}

BOOST_AUTO_TEST_CASE(takes_the_jobs_that_it_does_not_see_for_like_those) {
  auto without = [](std::vector<job> shown) {
    auto x = awake(slots(0));
    x.on_head({true}, t0);
    auto out = x.on_peeked(
      {std::move(shown), 5'000, {}, {}, {{"csm", 5'000}, {"analyze", 0}}},
      both(t0));
    return all<report>(out).at(0).what.without_inputs.at("csm");
  };
  auto unread = good_job("unread");
  unread.data.clear();
  BOOST_TEST(without({good_job("a"), good_job("b")}) == 5'000u);
  BOOST_TEST(without({good_job("a"), unread}) == 1u);
}

BOOST_AUTO_TEST_CASE(looks_at_once_when_its_owner_wants_it) {
  auto x = awake(slots(0));
  BOOST_TEST(all<peek>(x.on_head({true}, t0)).size() == 1u);
  // One under way will do.
  BOOST_TEST(x.on_look_wanted(t0).empty());
  auto out = x.on_peeked({{good_job("a")}, 1}, both(t0));
  BOOST_TEST(all<report>(out).size() == 1u);
  auto timer = all<arm_timer>(out)[0].generation;
  BOOST_TEST(all<peek>(x.on_look_wanted(t0 + 0.1)).size() == 1u);
  BOOST_TEST(x.on_timer(timer, t0 + 1).empty());
  out = x.on_peeked({{}, 0}, both(t0 + 0.1));
  BOOST_TEST(all<report>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(says_when_asked_that_nothing_waits) {
  auto x = awake(slots(0));
  for (auto i = 0; i < 2; ++i) {
    auto out = x.on_look_wanted(t0);
    BOOST_REQUIRE(all<report>(out).size() == 1u);
    BOOST_TEST(all<report>(out)[0].what.waiting_by_type.empty());
  }
  x.on_head({true}, t0);
  x.on_look_wanted(t0);
  BOOST_TEST(all<report>(x.on_peeked({{}, 0}, both(t0))).size() == 1u);
  x.on_head({true}, t0);
  BOOST_TEST(all<report>(x.on_peeked({{}, 0}, both(t0))).empty());
}

BOOST_AUTO_TEST_CASE(looks_after_the_claim_that_is_under_way) {
  auto x = awake(slots(1));
  BOOST_TEST(all<claim>(x.on_head({true}, t0)).size() == 1u);
  BOOST_TEST(x.on_look_wanted(t0).empty());
  auto out = x.on_claimed(claimed({}, true), both(t0));
  BOOST_TEST(all<peek>(out).size() == 1u);
  // Which may have taken all there was.
  auto y = awake(slots(1));
  y.on_head({true}, t0);
  y.on_look_wanted(t0);
  out = y.on_claimed(claimed({good_job("a")}), both(t0));
  BOOST_REQUIRE(all<report>(out).size() == 1u);
  BOOST_TEST(all<report>(out)[0].what.waiting_by_type.empty());
}

BOOST_AUTO_TEST_CASE(rejects_what_can_never_run) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto late = good_job("late");
  late.complete_by_s = t0 - 1;
  auto out = x.on_peeked({{late, good_job("odd", "teleport")}, 2}, both(t0));
  BOOST_TEST(all<reject>(out).size() == 2u);
  BOOST_TEST(all<report>(out).empty());
  out = x.on_rejected("late", claimed({late}), both(t0));
  BOOST_REQUIRE(all<deliver>(out).size() == 1u);
  BOOST_TEST(all<deliver>(out)[0].what.unfit.size() == 1u);
}

// Its date lies before the zero of the steady clock.
BOOST_AUTO_TEST_CASE(rejects_what_was_late_many_years_ago) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto late = good_job("late");
  late.complete_by_s = 1'000;
  auto out = x.on_peeked({{late}, 1}, {1e9 + 60, t0});
  BOOST_TEST(all<reject>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(rejects_a_few_at_a_time) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  std::vector<job> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(good_job(std::to_string(i), "teleport"));
  BOOST_TEST(all<reject>(x.on_peeked({many, 100}, both(t0))).size() == 16u);
}

BOOST_AUTO_TEST_CASE(asks_only_whether_what_it_has_seen_still_waits) {
  auto x = awake(slots(0));
  BOOST_TEST(all<peek>(x.on_head({true}, t0)).at(0).known.empty());
  auto old = good_job("old", "analyze");
  old.created_at_s = t0 - 500;
  auto late = good_job("late");
  late.complete_by_s = t0 + 1;
  auto big = good_job("big");
  big.data.clear();
  auto out = x.on_peeked(
    {{good_job("a"), old, late, big, good_job("odd", "teleport")}, 5},
    both(t0));
  out = x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 1);
  BOOST_TEST(all<peek>(out).at(0).known
             == (std::vector<job_id>{"a", "old", "late", "big"}));
  // "a" is gone, "old" stands in the queue twice, "new" has come.
  out = x.on_peeked({{good_job("new")}, 5, {1, 1, 2, 3, 99}}, both(t0 + 1));
  BOOST_REQUIRE(all<reject>(out).size() == 1u);
  BOOST_TEST(all<reject>(out)[0].job_id == "late");
  auto seen = all<report>(out).at(0).what;
  BOOST_TEST(seen.waiting_by_type.at("analyze") == 1u);
  BOOST_TEST(seen.waiting_by_type.at("csm") == 2u);
  BOOST_TEST(seen.oldest_created_at_s == t0 - 500);
  out = x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 2);
  BOOST_TEST(all<peek>(out).at(0).known
             == (std::vector<job_id>{"old", "big", "new"}));
}

// GPUs are launched for what a look shows. A producer that pushes thousands of
// jobs is seen in the middle of it.
BOOST_AUTO_TEST_CASE(looks_again_soon_while_clearly_more_waits_each_time) {
  auto x = awake(slots(0));
  auto now_s = t0;
  auto out = x.on_head({true}, t0);
  auto delay_after = [&](uint64_t waiting) {
    msg::queue_snapshot seen;
    seen.queue_length = waiting;
    seen.waiting_by_type["csm"] = waiting;
    out = x.on_peeked(std::move(seen), both(now_s));
    auto timer = all<arm_timer>(out).at(0);
    now_s += std::chrono::duration<double>(timer.delay).count();
    out = x.on_timer(timer.generation, now_s);
    return timer.delay / 1ms;
  };
  BOOST_TEST(delay_after(100) == 250);
  BOOST_TEST(delay_after(700) == 250);
  BOOST_TEST(delay_after(5'000) == 250);
  BOOST_TEST(delay_after(5'100) == 3'000);
  // That is not the most that has waited.
  BOOST_TEST(delay_after(3'000) == 3'000);
  BOOST_TEST(delay_after(5'000) == 3'000);
  // However many come, some hundreds of looks see all of them.
  auto soon = 0;
  for (uint64_t waiting = 5'100; waiting < 10'000; waiting += 10)
    soon += delay_after(waiting) == 250 ? 1 : 0;
  BOOST_TEST(soon <= 24);
}

// The owner's own look comes a moment after one that has shown growth.
BOOST_AUTO_TEST_CASE(looks_again_soon_also_when_its_owner_has_looked_between) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto see = [&](uint64_t waiting, double now_s) {
    msg::queue_snapshot seen;
    seen.queue_length = waiting;
    seen.waiting_by_type["csm"] = waiting;
    return all<arm_timer>(x.on_peeked(std::move(seen), both(now_s))).at(0).delay
           / 1ms;
  };
  BOOST_TEST(see(4'700, t0) == 250);
  BOOST_TEST(all<peek>(x.on_look_wanted(t0 + 0.01)).size() == 1u);
  BOOST_TEST(see(4'750, t0 + 0.02) == 250);
}

BOOST_AUTO_TEST_CASE(looks_when_a_job_has_become_too_late) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto late = good_job("late");
  late.complete_by_s = t0 + 1.5;
  auto later = good_job("later");
  later.complete_by_s = 1e300;
  auto out = x.on_peeked({{good_job("a"), late, later}, 3}, both(t0));
  x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 0.25);
  out = x.on_peeked({{}, 3, {0, 1, 2}}, both(t0 + 0.25));
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST(all<arm_timer>(out)[0].delay / 1ms == 1'251);
  out = x.on_timer(all<arm_timer>(out)[0].generation, t0 + 1.501);
  BOOST_REQUIRE(all<peek>(out).size() == 1u);
  out = x.on_peeked({{}, 3, {0, 1, 2}}, both(t0 + 1.501));
  BOOST_REQUIRE(all<reject>(out).size() == 1u);
  BOOST_TEST(all<reject>(out)[0].job_id == "late");
  BOOST_TEST(all<arm_timer>(out).at(0).delay / 1ms == 3'000);
}

BOOST_AUTO_TEST_CASE(asks_again_as_before_when_a_look_has_failed) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto out = x.on_peeked({{good_job("a")}, 1}, both(t0));
  x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 1);
  out = x.on_peek_failed({failure_kind::unavailable, "Redis: gone"}, t0 + 1);
  out = x.on_timer(all<arm_timer>(out).at(0).generation, t0 + 2);
  BOOST_TEST(all<peek>(out).at(0).known == std::vector<job_id>{"a"});
}

BOOST_AUTO_TEST_CASE(trusts_data_that_was_too_long_to_see) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto big = good_job("big");
  big.data.clear();
  auto out = x.on_peeked({{big}, 1}, both(t0));
  BOOST_TEST(all<reject>(out).empty());
  BOOST_TEST(all<report>(out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_watcher_that_must_not_claim)

BOOST_AUTO_TEST_CASE(asks_nothing) {
  policy x{{}};
  BOOST_TEST(x.on_head({true}, t0).empty());
  auto closed = slots(3);
  closed.accepting = false;
  BOOST_TEST(x.on_capacity(closed, t0).empty());
  BOOST_TEST(x.on_wait_failed(broken, t0).empty());
}

BOOST_AUTO_TEST_CASE(still_hands_over_a_claim_that_was_under_way) {
  auto x = awake(slots(1));
  x.on_head({true}, t0);
  auto closed = slots(1);
  closed.accepting = false;
  x.on_capacity(closed, t0);
  auto out = x.on_claimed(claimed({good_job("a")}), both(t0));
  BOOST_TEST(all<deliver>(out).size() == 1u);
  BOOST_TEST(all<claim>(out).empty());
}

BOOST_AUTO_TEST_SUITE_END()
