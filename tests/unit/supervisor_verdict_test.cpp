// What becomes of a job when an attempt at it has ended, and that a newer claim
// is never forgotten by it.
#include "tests/support/failure_kinds.hpp"
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;

namespace {

attempt_end failed(failure_kind kind) {
  attempt_end out;
  out.kind = kind;
  out.begun = true;
  out.failures = 1;
  out.failures_max = 3;
  return out;
}

bool is(const attempt_end& x, verdict expected) {
  return judge(x) == expected;
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_verdict_on_an_attempt)

BOOST_AUTO_TEST_CASE(is_its_outcome_when_that_is_final) {
  attempt_end done;
  done.success = true;
  BOOST_TEST(is(done, verdict::end));
  for (auto kind : {failure_kind::invalid_input, failure_kind::rejected,
                    failure_kind::deadline_passed, failure_kind::internal}) {
    auto x = failed(kind);
    BOOST_TEST(is(x, verdict::end));
    x.draining = x.parked = true;
    BOOST_TEST(is(x, verdict::end));
  }
}

BOOST_AUTO_TEST_CASE(is_to_write_nothing_when_the_job_is_not_ours) {
  for (auto kind : {failure_kind::cancelled, failure_kind::not_owner})
    BOOST_TEST(is(failed(kind), verdict::forget));
}

BOOST_AUTO_TEST_CASE(is_another_attempt_while_there_are_some) {
  for (auto kind : {failure_kind::unavailable, failure_kind::outcome_unknown,
                    failure_kind::aborted}) {
    auto x = failed(kind);
    BOOST_TEST(is(x, verdict::retry));
    x.failures = 3;
    BOOST_TEST(is(x, verdict::end_attempts));
    x.late = true;
    BOOST_TEST(is(x, verdict::end_late));
    x.draining = true;
    BOOST_TEST(is(x, verdict::give_back));
    x.draining = false;
    x.parked = true;
    BOOST_TEST(is(x, verdict::give_back));
  }
}

BOOST_AUTO_TEST_CASE(counts_no_attempt_that_did_not_begin) {
  auto x = failed(failure_kind::unavailable);
  x.begun = false;
  x.refusals = 4;
  BOOST_TEST(is(x, verdict::try_elsewhere_refused));
  x.refusals = 5;
  BOOST_TEST(is(x, verdict::retry));
  x = failed(failure_kind::shutting_down);
  BOOST_TEST(is(x, verdict::try_elsewhere));
  x.draining = true;
  BOOST_TEST(is(x, verdict::give_back));
}

BOOST_AUTO_TEST_CASE(gives_back_what_this_worker_cannot_do_but_not_for_ever) {
  auto x = failed(failure_kind::unfit);
  x.unfit_tries = 2;
  BOOST_TEST(is(x, verdict::give_back_unfit));
  x.unfit_tries = 3;
  BOOST_TEST(is(x, verdict::end_unfit));
  x.draining = true;
  BOOST_TEST(is(x, verdict::give_back_unfit));
}

BOOST_AUTO_TEST_CASE(is_the_newer_claim_whatever_else_is_so) {
  for (auto kind : all_failure_kinds())
    for (int bits = 0; bits < 32; ++bits) {
      auto x = failed(kind);
      x.claimed_again = true;
      x.success = bits & 1;
      x.draining = bits & 2;
      x.begun = bits & 4;
      x.parked = bits & 8;
      x.late = bits & 16;
      BOOST_TEST_REQUIRE(is(x, verdict::run_newer_claim));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_job_that_was_claimed_again)

namespace {

job claim_of(uint64_t fence) {
  auto out = a_job("a");
  out.fence = fence;
  return out;
}

/// Claim 2 comes while the result of claim 1 waits for the storage.
fleet parked_and_claimed_again() {
  fleet f{1};
  f.x.on_jobs_claimed({{claim_of(1)}, {}}, both(t0));
  f.begun(1);
  f.x.on_render_parked("a", {failure_kind::unfit, "HTTP 503"}, t0 + 1);
  f.x.on_jobs_claimed({{claim_of(2)}, {}}, both(t0 + 2));
  return f;
}

/// What runs, ends or goes back in `out`, by its claim.
std::vector<uint64_t> claims_in(const effects& out) {
  std::vector<uint64_t> fences;
  for (auto& x : all<run_on>(out))
    fences.push_back(x.task.subject.fence);
  for (auto& x : all<settle>(out))
    fences.push_back(x.what.subject.fence);
  for (auto& x : all<release>(out))
    fences.push_back(x.fence);
  return fences;
}

void only_the_newer_claim_goes_on(const effects& out) {
  BOOST_TEST(claims_in(out) == std::vector<uint64_t>{2},
             boost::test_tools::per_element());
}

} // namespace

// Its renderer can write nothing any more; it may still say that it has.
BOOST_AUTO_TEST_CASE(while_its_result_waited_is_rendered_anew) {
  for (auto kind : all_failure_kinds())
    BOOST_TEST_CONTEXT(to_string(kind)) {
      auto f = parked_and_claimed_again();
      auto out = f.x.on_parked_ended("a", failed_outcome({kind, "no"}), t0 + 3);
      only_the_newer_claim_goes_on(out);
    }
  auto f = parked_and_claimed_again();
  only_the_newer_claim_goes_on(
    f.x.on_parked_ended("a", {"done", "url", {}}, t0 + 3));
}

BOOST_AUTO_TEST_CASE(while_its_result_waited_goes_back_when_the_node_drains) {
  auto f = parked_and_claimed_again();
  f.x.on_drain("test", t0 + 2);
  auto out = f.x.on_parked_ended(
    "a", failed_outcome({failure_kind::shutting_down, "now"}), t0 + 3);
  only_the_newer_claim_goes_on(out);
  BOOST_TEST(all<release>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(while_it_ran_goes_on_when_its_gpu_dies) {
  for (auto gpu_says_so : {true, false}) {
    fleet f{2};
    f.x.on_jobs_claimed({{claim_of(1)}, {}}, both(t0));
    f.begun(2);
    f.x.on_jobs_claimed({{claim_of(2)}, {}}, both(t0 + 1));
    auto out = gpu_says_so
                 ? f.x.on_gpu_update(update(2, gpu_phase::gone), t0 + 2)
                 : f.x.on_gpu_died(2, "test", t0 + 2);
    only_the_newer_claim_goes_on(out);
  }
}

BOOST_AUTO_TEST_CASE(while_it_waited_for_a_slot_ends_by_its_new_deadline) {
  fleet f{1};
  f.claim("busy");
  auto out = f.x.on_jobs_claimed({{claim_of(1)}, {}}, both(t0));
  auto late = claim_of(2);
  late.max_time_s = 0.5;
  append(out, f.x.on_jobs_claimed({{late}, {}}, both(t0)));
  auto due = timer_of(out, timer::pending);
  only_the_newer_claim_goes_on(f.x.on_timer(due.which, due.generation, t0 + 1));
}

BOOST_AUTO_TEST_CASE(while_it_waited_for_a_slot_goes_back_under_the_new_claim) {
  fleet f{1};
  f.claim("busy");
  auto out = f.x.on_jobs_claimed({{claim_of(1)}, {}}, both(t0));
  append(out, f.x.on_jobs_claimed({{claim_of(2)}, {}}, both(t0)));
  auto due = timer_of(out, timer::pending);
  only_the_newer_claim_goes_on(f.x.on_timer(due.which, due.generation, t0 + 5));
}

BOOST_AUTO_TEST_SUITE_END()
