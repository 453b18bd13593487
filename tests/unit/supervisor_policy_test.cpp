// What the node offers, when a GPU makes room, and how it drains, in cases that
// a run in virtual time does not reach.
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;

BOOST_AUTO_TEST_SUITE(the_offer)

BOOST_AUTO_TEST_CASE(is_one_quota_for_each_set_of_kinds) {
  fleet f{3};
  auto out = f.x.on_gpu_update(
    update(2, gpu_phase::ready, {job_kind::whisper, job_kind::csm}), t0);
  BOOST_REQUIRE(all<send_capacity>(out).size() == 1u);
  auto told = all<send_capacity>(out)[0].what;
  BOOST_REQUIRE(told.free.size() == 2u);
  std::map<size_t, uint32_t> by_size;
  for (auto& x : told.free)
    by_size[x.types.size()] = x.count;
  BOOST_TEST(by_size[3] == 2u);
  BOOST_TEST(by_size[2] == 1u);
  // The same again is not told again.
  BOOST_TEST(
    all<send_capacity>(
      f.x.on_gpu_update(
        update(2, gpu_phase::ready, {job_kind::csm, job_kind::whisper}), t0))
      .empty());
}

// Jobs go to the worker whose GPU worked last.
BOOST_AUTO_TEST_CASE(says_since_when_the_warmest_gpu_with_a_slot_is_idle) {
  fleet f{2};
  auto idle_since = [](const effects& out) {
    return all<send_capacity>(out).at(0).what.idle_since_s;
  };
  // Another one took it, and has no slot left.
  auto out = f.claim("a");
  BOOST_TEST(idle_since(out) == t0);
  BOOST_TEST(idle_since(f.claim("b")) == 0);
  BOOST_TEST(idle_since(f.x.on_job_ended(ended(2, "a"), t0 + 10)) == t0 + 10);
  BOOST_TEST(idle_since(f.x.on_job_ended(ended(1, "b"), t0 + 20)) == t0 + 20);
  // With a slot beside a job it works.
  auto cfg = settings();
  cfg.slots_per_gpu = 2;
  fleet g{1, cfg};
  BOOST_TEST(idle_since(g.claim("a")) == 0);
}

BOOST_AUTO_TEST_CASE(is_closed_while_draining) {
  fleet f{2};
  auto out = f.x.on_drain("test", t0);
  BOOST_REQUIRE(all<send_capacity>(out).size() == 1u);
  BOOST_TEST(!all<send_capacity>(out)[0].what.accepting);
  BOOST_TEST(all<supervisor::drain_gpu>(out).size() == 2u);
}

BOOST_AUTO_TEST_CASE(leaves_out_a_gpu_that_drains) {
  fleet f{1};
  auto out = f.x.on_gpu_update(update(1, gpu_phase::draining), t0);
  BOOST_REQUIRE(all<send_capacity>(out).size() == 1u);
  BOOST_TEST(all<send_capacity>(out)[0].what.free.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_last_gpu_that_may_be_rented)

BOOST_AUTO_TEST_CASE(makes_room_only_when_nobody_waits_for_it) {
  auto cfg = settings();
  cfg.max_gpus = 1;
  fleet f{1, cfg};
  auto told_to_go = [&](std::map<std::string, uint64_t> waiting) {
    auto out = f.x.on_backlog({std::move(waiting), t0}, both(t0));
    for (auto& x : all<arm_timer>(out))
      append(out, f.x.on_timer(x.which, x.generation, t0));
    return !all<supervisor::drain_gpu>(out).empty();
  };
  BOOST_TEST(!told_to_go({{"csm", 1}}));
  BOOST_TEST(!told_to_go({{"csm", 1}, {"analyze", 1}}));
  BOOST_TEST(told_to_go({{"analyze", 1}}));
}

// Others may have taken what was seen to wait while the GPU had a job.
BOOST_AUTO_TEST_CASE(looks_again_before_it_goes) {
  auto cfg = settings();
  cfg.max_gpus = 1;
  fleet f{1, cfg};
  f.claim("a", t0);
  const msg::backlog waiting{{{"analyze", 1}}, t0};
  for (auto& x : all<arm_timer>(f.x.on_backlog(waiting, both(t0 + 1))))
    f.x.on_timer(x.which, x.generation, t0 + 2);
  auto out = f.x.on_job_ended(ended(1, "a"), t0 + 3);
  BOOST_TEST(all<supervisor::drain_gpu>(out).empty());
  out = f.x.on_backlog(waiting, both(t0 + 3));
  BOOST_TEST(all<supervisor::drain_gpu>(out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_drain)

BOOST_AUTO_TEST_CASE(puts_back_a_claim_that_comes_late) {
  fleet f{1};
  f.x.on_drain("test", t0);
  auto out = f.claim("late", t0 + 0.1);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].job_id == "late");
  // The node waits until that is confirmed.
  f.x.on_gpu_update(update(1, gpu_phase::gone), t0 + 0.2);
  auto done = f.x.on_released("late");
  for (auto& x : all<arm_timer>(out))
    append(done, f.x.on_timer(x.which, x.generation, t0 + 1));
  BOOST_TEST(f.x.draining());
}

BOOST_AUTO_TEST_CASE(waits_half_a_second_for_a_claim_under_way) {
  fleet f{1};
  auto out = f.x.on_drain("test", t0);
  auto grace = timer_of(out, timer::claim_grace);
  BOOST_TEST(grace.delay.count() == 500);
  out = f.x.on_gpu_update(update(1, gpu_phase::gone), t0 + 0.1);
  BOOST_TEST(all<supervisor::flush_webhooks>(out).empty());
  out = f.x.on_timer(grace.which, grace.generation, t0 + 0.5);
  BOOST_TEST(all<supervisor::flush_webhooks>(out).size() == 1u);
  BOOST_TEST(all<finish>(f.x.on_flushed()).size() == 1u);
  BOOST_TEST(f.x.on_flushed().empty());
}

// A wish is heard with several heartbeats, also after a signal.
BOOST_AUTO_TEST_CASE(is_not_hurried_by_what_does_not_hurry) {
  fleet f{1};
  BOOST_TEST(!f.x.on_drain("wished by ann", t0, false).empty());
  BOOST_TEST(f.x.on_drain("wished by ann", t0 + 1, false).empty());
  // A signal does.
  auto out = f.x.on_drain("SIGTERM", t0 + 2);
  BOOST_TEST(all<supervisor::halt_gpu>(out).size() == 1u);
  BOOST_TEST(f.x.on_drain("wished by ann", t0 + 3, false).empty());
}

BOOST_AUTO_TEST_CASE(gives_up_at_last) {
  fleet f{1};
  f.x.on_drain("test", t0);
  auto out = f.x.on_drain("hurry", t0 + 1);
  BOOST_TEST(all<supervisor::halt_gpu>(out).size() == 1u);
  auto give_up = all<arm_timer>(out).at(0);
  BOOST_TEST(give_up.delay.count() == 600'000);
  out = f.x.on_timer(give_up.which, give_up.generation, t0 + 601);
  BOOST_REQUIRE(all<finish>(out).size() == 1u);
  BOOST_TEST(!all<finish>(out)[0].clean);
}

BOOST_AUTO_TEST_CASE(is_not_clean_after_a_gpu_actor_died) {
  fleet f{1};
  f.x.on_gpu_died(1, "test", t0);
  auto out = f.x.on_drain("test", t0);
  for (auto& x : all<arm_timer>(out))
    if (x.which == timer::claim_grace)
      f.x.on_timer(x.which, x.generation, t0 + 1);
  out = f.x.on_flushed();
  BOOST_REQUIRE(all<finish>(out).size() == 1u);
  BOOST_TEST(!all<finish>(out)[0].clean);
}

BOOST_AUTO_TEST_SUITE_END()
