// The plan of a fleet whose workers see each other.
#include "tests/unit/launched.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor::launching;

namespace {

using kind = launch_reason_kind;

constexpr double t0 = 1'000;
constexpr auto csm = static_cast<size_t>(job_kind::csm);

/// So many jobs of 10 s wait, a boot takes 40 s, nobody has a GPU, and this
/// worker is the first in turn.
situation jobs_wait(uint64_t others, uint64_t tried = 0) {
  situation out;
  out.waiting[csm] = {tried, others, others};
  out.max_gpus = out.room = 4;
  out.now_s = t0;
  out.fleet.emplace();
  out.fleet->before = {0, 1, 2, 3};
  out.fleet->run_s.fill(10);
  out.fleet->boot_s = 40;
  out.fleet->seen_s = t0;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_fleets_launch_plan)

BOOST_AUTO_TEST_CASE(counts_what_each_slot_begins_in_time) {
  // By 60 s a slot that is free begins 7 jobs of 10 s, one that is free in 30 s
  // begins 4, one that boots for 40 s begins 3.
  BOOST_TEST(gpus_needed(7, {0}, 10, 40, 1, 60) == 0u);
  BOOST_TEST(gpus_needed(8, {0}, 10, 40, 1, 60) == 1u);
  BOOST_TEST(gpus_needed(11, {0, 30}, 10, 40, 1, 60) == 0u);
  BOOST_TEST(gpus_needed(14, {0, 30}, 10, 40, 1, 60) == 1u);
  BOOST_TEST(gpus_needed(15, {0, 30}, 10, 40, 1, 60) == 2u);
  // What is free too late is of no use; a GPU may have several slots.
  BOOST_TEST(gpus_needed(1, {61}, 10, 40, 1, 60) == 1u);
  BOOST_TEST(gpus_needed(12, {}, 10, 40, 2, 60) == 2u);
  BOOST_TEST(gpus_needed(5, {}, 0, 40, 1, 40) == 5u);
}

BOOST_AUTO_TEST_CASE(launches_at_once_what_a_burst_needs) {
  // 40 s and half a target later 3 jobs have begun on each.
  auto x = decide(resting{}, jobs_wait(1));
  BOOST_TEST(launched(x) == 1u);
  BOOST_TEST((x.why.kind == kind::launching));
  BOOST_TEST(x.why.jobs == 1u);
  BOOST_TEST(launched(decide(resting{}, jobs_wait(9))) == 3u);
  BOOST_TEST(launched(decide(resting{}, jobs_wait(90))) == 4u);
}

BOOST_AUTO_TEST_CASE(leaves_to_others_what_is_their_turn) {
  auto s = jobs_wait(9);
  s.fleet->before = {2, 5};
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.fleet->before = {3, 5};
  auto x = decide(resting{}, s);
  BOOST_TEST(std::holds_alternative<hold>(x.what));
  BOOST_TEST((x.why.kind == kind::others_turn));
  BOOST_REQUIRE(x.due_s.has_value());
  // They do not launch: the next ones may, unless somebody has launched.
  s.now_s = s.fleet->seen_s = t0 + 5;
  BOOST_TEST(launched(decide(x.next, s)) == 2u);
  s.fleet->gpus = 1;
  s.fleet->free_in_s = {40};
  BOOST_TEST(launched(decide(x.next, s)) == 0u);
}

BOOST_AUTO_TEST_CASE(comes_to_the_same_whoever_knows_of_a_launch) {
  // Three are needed. The one before this one has launched, and is out of turn.
  auto s = jobs_wait(9);
  s.fleet->before = {2};
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.fleet->before = {1};
  s.fleet->free_in_s = {40};
  s.fleet->gpus = 1;
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.fleet->before = {2};
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
}

BOOST_AUTO_TEST_CASE(lets_a_warm_slot_take_the_job_but_not_for_long) {
  auto s = jobs_wait(1);
  s.fleet->free_in_s = {0};
  s.fleet->gpus = 1;
  auto x = decide(resting{}, s);
  BOOST_TEST(launched(x) == 0u);
  BOOST_TEST((x.why.kind == kind::slots_elsewhere));
  BOOST_REQUIRE(x.due_s.has_value());
  s.now_s = s.fleet->seen_s = *x.due_s;
  BOOST_TEST(launched(decide(x.next, s)) == 1u);
}

BOOST_AUTO_TEST_CASE(lets_a_gpu_that_has_just_booted_take_the_job) {
  auto s = jobs_wait(1);
  s.fleet->gpus = 1;
  s.fleet->free_in_s = {5};
  auto x = decide(resting{}, s);
  s.now_s = s.fleet->seen_s = t0 + 30;
  x = decide(x.next, s);
  s.now_s = s.fleet->seen_s = t0 + 60;
  s.fleet->free_in_s = {0};
  BOOST_TEST(launched(decide(x.next, s)) == 0u);
}

BOOST_AUTO_TEST_CASE(waits_for_runs_that_end_in_time) {
  auto s = jobs_wait(5);
  s.fleet->free_in_s = {8, 9};
  s.fleet->gpus = 2;
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
  s.fleet->target_wait_s = 2;
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
  s.fleet->free_in_s = {39, 40};
  BOOST_TEST(launched(decide(resting{}, s)) == 3u);
}

BOOST_AUTO_TEST_CASE(launches_as_many_as_the_traffic_is_worth) {
  auto s = jobs_wait(2);
  s.fleet->free_in_s = {8};
  s.fleet->gpus = 1;
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
  s.fleet->worth_gpus = 2;
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  s.fleet->worth_gpus = 9;
  BOOST_TEST(launched(decide(resting{}, s)) == 2u);
}

BOOST_AUTO_TEST_CASE(looks_again_before_a_launch) {
  auto s = jobs_wait(1);
  s.fleet->seen_s = t0 - 2;
  auto x = decide(resting{}, s);
  BOOST_TEST(std::holds_alternative<look_again>(x.what));
  BOOST_TEST((x.why.kind == kind::looking_at_queue));
  // Once.
  s.now_s += 0.5;
  x = decide(x.next, s);
  BOOST_TEST(std::holds_alternative<hold>(x.what));
  s.fleet->seen_s = s.now_s;
  BOOST_TEST(launched(decide(x.next, s)) == 1u);
}

BOOST_AUTO_TEST_CASE(waits_for_no_turn_with_a_job_that_has_failed) {
  auto s = jobs_wait(0, 1);
  s.fleet->before = {3};
  s.fleet->seen_s = t0 - 20;
  s.fleet->free_in_s = {0};
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
  own_gpu boots;
  boots.boots = true;
  boots.free_slots = 1;
  boots.serves.fill(true);
  s.gpus = {boots};
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
}

BOOST_AUTO_TEST_CASE(keeps_to_the_limits) {
  auto s = jobs_wait(1);
  s.refused.count = 1;
  s.refused.not_before_s = t0 + 5;
  auto x = decide(resting{}, s);
  BOOST_TEST((x.why.kind == kind::provider_refuses));
  BOOST_TEST(*x.due_s == t0 + 5);
  s = jobs_wait(1);
  s.room = 0;
  BOOST_TEST((decide(resting{}, s).why.kind == kind::max_gpus));
  s.can_make_room = true;
  BOOST_TEST(std::holds_alternative<make_room>(decide(resting{}, s).what));
  s = jobs_wait(1);
  s.draining = true;
  BOOST_TEST((decide(resting{}, s).why.kind == kind::draining));
  s = jobs_wait(1);
  s.unfit = "disk";
  BOOST_TEST((decide(resting{}, s).why.kind == kind::unfit));
}

BOOST_AUTO_TEST_CASE(looks_at_inputs_before_a_gpu) {
  auto s = jobs_wait(3);
  s.waiting[csm].worth = 0;
  auto x = decide(resting{}, s);
  auto* look = std::get_if<look_at_inputs>(&x.what);
  BOOST_REQUIRE(look);
  BOOST_TEST(look->jobs == 3u);
  s.inputs_asked = true;
  BOOST_TEST(std::holds_alternative<hold>(decide(x.next, s).what));
  s.inputs_asked = false;
  s.waiting[csm].worth = 3;
  BOOST_TEST(launched(decide(x.next, s)) == 1u);
}

BOOST_AUTO_TEST_CASE(ends_with_the_jobs_and_with_the_view) {
  auto x = decide(resting{}, jobs_wait(1));
  BOOST_TEST(std::holds_alternative<planning>(x.next));
  auto s = jobs_wait(0);
  BOOST_TEST(std::holds_alternative<resting>(decide(x.next, s).next));
  // Without a view it begins as strangers do.
  s = jobs_wait(1);
  s.fleet.reset();
  s.jitter_s = 20;
  auto y = decide(x.next, s);
  BOOST_TEST((y.why.kind == kind::jitter));
  BOOST_TEST(*y.due_s == t0 + 20);
}

BOOST_AUTO_TEST_CASE(keeps_a_deadline_that_a_launch_can_keep) {
  auto s = jobs_wait(3);
  s.fleet->free_in_s = {5};
  BOOST_TEST(launched(decide(resting{}, s)) == 0u);
  // By then the slot has begun two, and a GPU two more.
  s.first_deadline_s = t0 + 56;
  s.fleet->free_in_s = {31};
  BOOST_TEST(launched(decide(resting{}, s)) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
