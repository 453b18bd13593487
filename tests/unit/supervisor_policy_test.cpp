// Where jobs go and how they end, in cases that a run in virtual time does not
// reach, and the deadlines.
#include "actors/supervisor/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;
using namespace std::chrono_literals;

namespace {

constexpr double t0 = 1'700'000'000;
const failure unavailable{failure_kind::unavailable, "cut"};

config settings() {
  config out;
  out.workload_of_kind = {{job_kind::csm, "media:fast"},
                          {job_kind::whisper, "media:fast"},
                          {job_kind::portrait, "media:fast"},
                          {job_kind::analyze, "ollama_webui:fast"}};
  out.pre_launch_min = out.pre_launch_max = duration{0};
  out.max_gpus = 4;
  // supervisor_look_test.cpp has that.
  out.look_before_launch = false;
  return out;
}

job a_job(const std::string& id, const std::string& type = "csm") {
  job out;
  out.id = id;
  out.type = type;
  out.attempt = 1;
  return out;
}

msg::gpu_update update(uint64_t instance, gpu_phase phase,
                       std::vector<job_kind> kinds
                       = {job_kind::csm, job_kind::whisper, job_kind::portrait},
                       uint32_t busy = 0) {
  msg::gpu_update out;
  out.instance = instance;
  out.phase = phase;
  out.ready_kinds = std::move(kinds);
  out.busy_slots = busy;
  return out;
}

msg::job_ended ended(uint64_t instance, const std::string& id,
                     failure why = {failure_kind::internal, {}}) {
  return {instance, a_job(id), failed_outcome(std::move(why))};
}

/// A policy with ready GPUs 1 to `gpus`.
struct fleet {
  explicit fleet(uint32_t gpus, config cfg = settings()) : x(std::move(cfg)) {
    x.on_watcher_started();
    msg::backlog waiting;
    waiting.waiting_by_type["csm"] = gpus;
    for (auto& timer : all<arm_timer>(x.on_backlog(waiting, t0)))
      x.on_timer(timer.which, timer.generation, t0);
    BOOST_REQUIRE(x.status().gpus.size() == gpus);
    x.on_backlog({}, t0);
    for (uint64_t i = 1; i <= gpus; ++i)
      x.on_gpu_update(update(i, gpu_phase::ready), t0);
  }

  effects claim(const std::string& id, double now_s = t0) {
    return x.on_jobs_claimed({{a_job(id)}, {}}, now_s);
  }

  /// The GPU says that it runs so many.
  void begun(uint64_t instance, uint32_t busy = 1) {
    x.on_gpu_update(update(instance, gpu_phase::ready,
                           {job_kind::csm, job_kind::whisper}, busy),
                    t0);
  }

  policy x;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_deadline)

BOOST_AUTO_TEST_CASE(is_the_first_of_three_limits) {
  auto x = a_job("a");
  auto at = [&] {
    return with_deadline(x, t0, 1'200s, 1'800s);
  };
  BOOST_TEST(at().deadline_s == t0 + 1'200);
  x.max_time_s = 60;
  BOOST_TEST(at().deadline_s == t0 + 60);
  BOOST_TEST(at().deadline_error
             == "Job exceeded maximum runtime of 60 seconds");
  x.max_time_s = 1'801;
  BOOST_TEST(at().deadline_s == t0 + 1'800);
  BOOST_TEST(at().deadline_error
             == "Job exceeded maximum runtime of 1800 seconds");
  x.max_time_s = 2.5;
  BOOST_TEST(at().deadline_error
             == "Job exceeded maximum runtime of 2.5 seconds");
  x.complete_by_s = t0 + 2;
  BOOST_TEST(at().deadline_s == t0 + 2);
  BOOST_TEST(at().deadline_error
             == "Job exceeded completion deadline (2023-11-14T22:13:22Z)");
  x.complete_by_s = t0 + 100;
  BOOST_TEST(at().deadline_s == t0 + 2.5);
}

BOOST_AUTO_TEST_CASE(is_capped_for_a_job_without_one_too) {
  BOOST_TEST(with_deadline(a_job("a"), t0, 1'200s, 600s).deadline_s
             == t0 + 600);
}

BOOST_AUTO_TEST_CASE(is_written_in_utc) {
  BOOST_TEST(utc_text(0) == "1970-01-01T00:00:00Z");
  BOOST_TEST(utc_text(1'700'000'000.9) == "2023-11-14T22:13:20Z");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_claimed_job)

BOOST_AUTO_TEST_CASE(goes_to_the_youngest_gpu_with_a_slot) {
  fleet f{3};
  auto out = f.claim("a");
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].instance == 3u);
  BOOST_TEST(all<run_on>(f.claim("b"))[0].instance == 2u);
  BOOST_TEST(all<run_on>(f.claim("c"))[0].instance == 1u);
}

BOOST_AUTO_TEST_CASE(takes_its_slot_out_of_what_is_offered) {
  fleet f{1};
  auto out = f.claim("a");
  BOOST_REQUIRE(all<send_capacity>(out).size() == 1u);
  auto told = all<send_capacity>(out)[0].what;
  BOOST_TEST(told.jobs_received == 1u);
  BOOST_REQUIRE(told.free.size() == 1u);
  BOOST_TEST(told.free[0].count == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_slot_waits_and_then_goes_back) {
  fleet f{1};
  f.claim("a");
  auto out = f.claim("b");
  BOOST_TEST(all<run_on>(out).empty());
  auto timer = all<arm_timer>(out).at(0);
  for (int s = 1; s < 5; ++s) {
    out = f.x.on_timer(timer::pending, timer.generation, t0 + s);
    BOOST_TEST(all<release>(out).empty());
    for (auto& x : all<arm_timer>(out))
      if (x.which == timer::pending)
        timer = x;
  }
  out = f.x.on_timer(timer::pending, timer.generation, t0 + 5);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].job_id == "b");
}

BOOST_AUTO_TEST_CASE(without_a_slot_gets_the_next_that_is_free) {
  fleet f{1};
  f.claim("a");
  f.claim("b");
  auto out = f.x.on_job_ended(ended(1, "a"), t0 + 1);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].task.subject.id == "b");
}

BOOST_AUTO_TEST_CASE(that_cannot_run_is_settled_without_a_slot) {
  fleet f{1};
  auto out = f.x.on_jobs_claimed(
    {{}, {{a_job("a"), {failure_kind::invalid_input, "no"}}}}, t0);
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  BOOST_TEST(all<settle>(out)[0].what.outcome.error.message == "no");
  BOOST_TEST(all<run_on>(out).empty());
}

BOOST_AUTO_TEST_CASE(that_was_queued_anew_runs_again_after_its_cancellation) {
  fleet f{1};
  f.claim("a");
  f.begun(1);
  BOOST_TEST(all<run_on>(f.claim("a")).empty());
  auto out = f.x.on_job_ended(ended(1, "a", {failure_kind::cancelled, "gone"}),
                              t0 + 1);
  BOOST_TEST(all<settle>(out).empty());
  BOOST_TEST(all<run_on>(out).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_end)

BOOST_AUTO_TEST_CASE(counts_once) {
  fleet f{1};
  f.claim("a");
  BOOST_TEST(all<settle>(f.x.on_job_ended(
                           ended(1, "a", {failure_kind::rejected, "no"}), t0))
               .size()
             == 1u);
  BOOST_TEST(f.x.on_job_ended(ended(1, "a", {failure_kind::rejected, "no"}), t0)
               .empty());
}

BOOST_AUTO_TEST_CASE(of_a_job_that_runs_elsewhere_by_now_is_none) {
  fleet f{2};
  f.claim("a");
  f.begun(2);
  auto out = f.x.on_job_ended(ended(2, "a", unavailable), t0);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].instance == 1u);
  BOOST_TEST(f.x.on_job_ended(ended(2, "a", unavailable), t0).empty());
}

BOOST_AUTO_TEST_CASE(before_the_begin_is_no_attempt) {
  fleet f{2};
  f.claim("a");
  // The GPU was on its way out: it never said that it runs the job.
  auto out = f.x.on_job_ended(ended(2, "a", unavailable), t0);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].instance == 1u);
  BOOST_TEST(all<run_on>(out)[0].task.subject.attempt == 1u);
  BOOST_TEST(f.x.status().jobs_retried == 0u);
}

BOOST_AUTO_TEST_CASE(after_the_begin_is_an_attempt) {
  fleet f{2};
  f.claim("a");
  f.begun(2);
  auto out = f.x.on_job_ended(ended(2, "a", unavailable), t0);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].task.subject.attempt == 2u);
  BOOST_TEST(f.x.status().jobs_retried == 1u);
}

BOOST_AUTO_TEST_CASE(of_endless_refusals_comes) {
  auto cfg = settings();
  cfg.attempts_max = 2;
  fleet f{1, cfg};
  f.claim("a");
  size_t rounds = 0;
  for (; rounds < 100; ++rounds) {
    auto out = f.x.on_job_ended(ended(1, "a", unavailable), t0);
    if (!all<settle>(out).empty())
      break;
    for (auto& timer : all<arm_timer>(out))
      if (timer.which == timer::trust)
        f.x.on_timer(timer.which, timer.generation, t0 + 10);
  }
  BOOST_TEST(rounds < 10u);
}

BOOST_AUTO_TEST_CASE(under_a_gpu_keeps_jobs_from_it_for_a_while) {
  fleet f{1};
  f.claim("a");
  f.begun(1);
  auto out = f.x.on_job_ended(ended(1, "a", unavailable), t0);
  BOOST_TEST(all<run_on>(out).empty());
  BOOST_TEST(all<rent>(out).size() == 1u);
  arm_timer trust;
  for (auto& x : all<arm_timer>(out))
    if (x.which == timer::trust)
      trust = x;
  BOOST_TEST(trust.delay.count() == 10'000);
  out = f.x.on_timer(timer::trust, trust.generation, t0 + 10);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].instance == 1u);
}

// Somebody else may have a warm one; ours is launched all the same.
BOOST_AUTO_TEST_CASE(for_which_no_gpu_is_left_goes_back_after_15_s) {
  fleet f{1};
  f.claim("a");
  f.begun(1);
  auto out = f.x.on_job_ended(ended(1, "a", unavailable), t0);
  BOOST_TEST(all<rent>(out).size() == 1u);
  auto pending = [&] {
    auto timers = all<arm_timer>(out);
    auto at = std::find_if(timers.begin(), timers.end(), [](auto& x) {
      return x.which == timer::pending;
    });
    BOOST_REQUIRE(at != timers.end());
    return *at;
  };
  for (int s = 1; s < 15; ++s) {
    auto due = pending();
    out = f.x.on_timer(due.which, due.generation, t0 + s);
    BOOST_TEST(all<release>(out).empty());
  }
  auto due = pending();
  out = f.x.on_timer(due.which, due.generation, t0 + 15);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].job_id == "a");
}

BOOST_AUTO_TEST_CASE(is_written_again_until_the_ledger_says_so) {
  fleet f{1};
  f.claim("a");
  auto write = all<settle>(
    f.x.on_job_ended(ended(1, "a", {failure_kind::rejected, "no"}), t0))[0];
  // Silence: at once. A refusal: after a second.
  auto out = f.x.on_write_failed(write,
                                 {failure_kind::outcome_unknown, "no answer"});
  BOOST_TEST(all<settle>(out).size() == 1u);
  out = f.x.on_write_failed(write, unavailable);
  BOOST_TEST(all<settle>(out).empty());
  auto timer = all<arm_timer>(out).at(0);
  BOOST_TEST(timer.delay.count() == 1'000);
  BOOST_TEST(
    all<settle>(f.x.on_timer(timer.which, timer.generation, t0 + 1)).size()
    == 1u);
  BOOST_TEST(f.x.status().jobs_failed == 0u);
  f.x.on_settled({"a", true, {}});
  BOOST_TEST(f.x.status().jobs_failed == 1u);
}

BOOST_AUTO_TEST_CASE(that_was_not_ours_counts_for_nothing) {
  fleet f{1};
  f.claim("a");
  f.x.on_job_ended(ended(1, "a", {failure_kind::rejected, "no"}), t0);
  f.x.on_settled({"a", false, {}});
  BOOST_TEST(f.x.status().jobs_failed == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

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
    auto out = f.x.on_backlog({std::move(waiting), t0}, t0);
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
  for (auto& x : all<arm_timer>(f.x.on_backlog(waiting, t0 + 1)))
    f.x.on_timer(x.which, x.generation, t0 + 2);
  auto out = f.x.on_job_ended(ended(1, "a"), t0 + 3);
  BOOST_TEST(all<supervisor::drain_gpu>(out).empty());
  out = f.x.on_backlog(waiting, t0 + 3);
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
  arm_timer grace;
  for (auto& x : all<arm_timer>(out))
    if (x.which == timer::claim_grace)
      grace = x;
  BOOST_TEST(grace.delay.count() == 500);
  out = f.x.on_gpu_update(update(1, gpu_phase::gone), t0 + 0.1);
  BOOST_TEST(all<supervisor::flush_webhooks>(out).empty());
  out = f.x.on_timer(grace.which, grace.generation, t0 + 0.5);
  BOOST_TEST(all<supervisor::flush_webhooks>(out).size() == 1u);
  BOOST_TEST(all<finish>(f.x.on_flushed()).size() == 1u);
  BOOST_TEST(f.x.on_flushed().empty());
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
