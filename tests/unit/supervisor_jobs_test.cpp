// Where jobs go and how they end, in cases that a run in virtual time does not
// reach, and the deadlines.
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_deadline)

BOOST_AUTO_TEST_CASE(is_the_first_of_three_limits) {
  auto x = a_job("a");
  auto at = [&] {
    return with_deadline(x, both(t0), 1'200s, 1'800s);
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
  BOOST_TEST(with_deadline(a_job("a"), both(t0), 1'200s, 600s).deadline_s
             == t0 + 600);
}

BOOST_AUTO_TEST_CASE(is_written_in_utc) {
  BOOST_TEST(utc_text(0) == "1970-01-01T00:00:00Z");
  BOOST_TEST(utc_text(1'700'000'000.9) == "2023-11-14T22:13:20Z");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_job_that_was_claimed_again_while_it_ran)

namespace {

job claim_of(const std::string& id, uint64_t fence) {
  auto out = a_job(id);
  out.fence = fence;
  return out;
}

/// Runs under claim 1, and claim 2 is ours too.
fleet twice_claimed() {
  fleet f{1};
  f.x.on_jobs_claimed({{claim_of("a", 1)}, {}}, both(t0));
  f.begun(1);
  auto out = f.x.on_jobs_claimed({{claim_of("a", 2)}, {}}, both(t0 + 1));
  BOOST_TEST(all<run_on>(out).empty());
  return f;
}

} // namespace

// Nothing can be written under the old claim, and nobody else may run the new
// one.
BOOST_AUTO_TEST_CASE(runs_under_the_new_claim_whatever_its_end_was) {
  for (auto kind : {failure_kind::invalid_input, failure_kind::unavailable,
                    failure_kind::cancelled, failure_kind::not_owner,
                    failure_kind::unfit, failure_kind::shutting_down,
                    failure_kind::deadline_passed, failure_kind::internal}) {
    auto f = twice_claimed();
    auto out = f.x.on_job_ended(ended(1, "a", {kind, "no"}), t0 + 2);
    BOOST_TEST_CONTEXT(to_string(kind)) {
      BOOST_TEST(all<settle>(out).empty());
      BOOST_TEST(all<release>(out).empty());
      BOOST_REQUIRE(all<run_on>(out).size() == 1u);
      BOOST_TEST(all<run_on>(out)[0].task.subject.fence == 2u);
    }
  }
  auto f = twice_claimed();
  auto out = f.x.on_job_ended({1, claim_of("a", 1), {"done", {}, {}}}, t0 + 2);
  BOOST_TEST(all<settle>(out).empty());
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].task.subject.fence == 2u);
}

BOOST_AUTO_TEST_CASE(goes_back_under_the_new_claim_when_the_node_drains) {
  auto f = twice_claimed();
  f.x.on_drain("test", t0 + 1);
  auto out = f.x.on_job_ended({1, claim_of("a", 1), {"done", {}, {}}}, t0 + 2);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].fence == 2u);
}

BOOST_AUTO_TEST_CASE(ends_under_the_new_claim_when_it_waits_for_a_slot) {
  fleet f{1};
  f.x.on_gpu_update(update(1, gpu_phase::draining), t0);
  f.x.on_jobs_claimed({{claim_of("a", 1)}, {}}, both(t0));
  auto out = f.x.on_jobs_claimed({{claim_of("a", 2)}, {}}, both(t0 + 1));
  out = f.x.on_drain("test", t0 + 2);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].fence == 2u);
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
  auto back = f.wait_until_given_back(out);
  BOOST_TEST(back.after_s == 5);
  BOOST_TEST(back.job_id == "b");
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
    {{}, {{a_job("a"), {failure_kind::invalid_input, "no"}}}}, both(t0));
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  BOOST_TEST(all<settle>(out)[0].what.outcome.error.message
             == "Error processing CSM job: no");
  BOOST_TEST(all<run_on>(out).empty());
}

// The log, and what is counted, from the claim to the end.
BOOST_AUTO_TEST_CASE(has_an_event_for_each_step) {
  fleet f{1};
  auto x = a_job("a");
  x.attempt = 2;
  x.created_at_s = t0 - 3;
  auto said = all<say>(f.x.on_jobs_claimed({{x}, {}}, both(t0)));
  BOOST_REQUIRE(said.size() == 2u);
  BOOST_TEST(said[0].text == "job a (csm): claimed, attempt 2, waited 3.0 s");
  BOOST_TEST(said[0].about.name == "job_claimed");
  BOOST_TEST(said[0].about.job == "a");
  BOOST_TEST(said[0].about.type == "csm");
  BOOST_TEST(said[0].about.attempt == 2u);
  BOOST_TEST(said[0].about.seconds == 3);
  BOOST_TEST(said[1].text == "job a (csm): goes to gpu 1");
  BOOST_TEST(said[1].about.name == "job_placed");
  BOOST_TEST(said[1].about.gpu == 1u);
  said = all<say>(f.x.on_job_ended(ended(1, "a"), t0 + 5));
  BOOST_REQUIRE(said.size() == 1u);
  BOOST_TEST(said[0].text.empty());
  BOOST_TEST(said[0].about.name == "job_rendered");
  BOOST_TEST(said[0].about.seconds == 5);
  said = all<say>(f.x.on_settled({"a", true, {}}, t0 + 6));
  BOOST_REQUIRE(said.size() == 1u);
  BOOST_TEST(said[0].about.name == "job_ended");
  BOOST_TEST(said[0].about.outcome == "success");
  BOOST_TEST(said[0].text.starts_with("job a (csm): success, "));
}

// Front ends look for how the worker before this one began its errors.
BOOST_AUTO_TEST_CASE(fails_with_the_words_that_its_type_is_known_by) {
  auto error_of = [](const char* type, failure_kind kind, const char* text) {
    fleet f{1};
    auto x = a_job("a");
    x.type = type;
    auto out = f.x.on_jobs_claimed({{}, {{x, {kind, text}}}}, both(t0));
    return all<settle>(out)[0].what.outcome.error.message;
  };
  constexpr auto no = failure_kind::rejected;
  BOOST_TEST(error_of("csm", no, "x") == "Error processing CSM job: x");
  BOOST_TEST(error_of("whisper", no, "x") == "Error processing Whisper job: x");
  BOOST_TEST(error_of("portrait", no, "x")
             == "Failed to generate portrait video: x");
  BOOST_TEST(error_of("analyze", no, "x") == "x");
  BOOST_TEST(error_of("opera", no, "Unknown job type") == "Unknown job type");
  BOOST_TEST(error_of("csm", failure_kind::deadline_passed, "Job expired")
             == "Job expired");
}

BOOST_AUTO_TEST_CASE(that_fails_too_late_for_another_try_says_so_first) {
  fleet f{1};
  f.claim("a");
  f.begun(1);
  auto out = f.x.on_job_ended(ended(1, "a", unavailable), t0 + 100'000);
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  BOOST_TEST(all<settle>(out)[0].what.outcome.error.message.starts_with(
    "Job exceeded maximum runtime of "));
}

BOOST_AUTO_TEST_CASE(that_failed_before_has_the_words_of_its_type_once) {
  fleet f{1};
  auto x = a_job("a");
  x.history = {"one", "two", "three"};
  auto out = f.x.on_jobs_claimed({{x}, {}}, both(t0));
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  auto outcome = all<settle>(out)[0].what.outcome;
  BOOST_TEST(outcome.error.message
             == "Error processing CSM job: failed after 3 attempts: the "
                "rendering service did not work or could not be reached");
  BOOST_TEST(outcome.error_code == "unavailable");
  BOOST_TEST(outcome.error_detail
             == "Error processing CSM job: failed after 3 attempts: 1: one; 2: "
                "two; 3: three");
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
  auto trust = timer_of(out, timer::trust);
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
  auto back = f.wait_until_given_back(out);
  BOOST_TEST(back.after_s == 15);
  BOOST_TEST(back.job_id == "a");
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

// What Redis finds wrong with the write stays wrong; an outage ends.
BOOST_AUTO_TEST_CASE(an_end_that_is_refused_again_and_again_is_given_up) {
  auto drained = [](failure_kind kind, int tries) {
    fleet f{0};
    f.x.on_jobs_claimed(
      {{}, {{a_job("a"), {failure_kind::invalid_input, "no"}}}}, both(t0));
    f.x.on_drain("test", t0);
    const settle end{{a_job("a"), failed_outcome(unavailable)}};
    for (int i = 0; i < tries; ++i) {
      auto out = f.x.on_write_failed(end, {kind, "WRONGTYPE"});
      if (!all<flush_webhooks>(out).empty())
        return i + 1;
      auto again = timer_of(out, timer::ledger);
      BOOST_TEST(again.delay <= settings().ledger_retry_max);
      out = f.x.on_timer(again.which, again.generation, t0);
      BOOST_TEST(all<settle>(out).size() == 1u);
    }
    return 0;
  };
  BOOST_TEST(drained(failure_kind::internal, 100) == 10);
  BOOST_TEST(drained(failure_kind::unavailable, 100) == 0);
}
