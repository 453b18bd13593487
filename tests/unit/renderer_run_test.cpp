// The course of one attempt: it ends exactly once, and stale answers are none.
#include "actors/renderer/run.hpp"

#include <boost/test/unit_test.hpp>

#include <tuple>

using namespace render;

namespace {

const failure late{failure_kind::deadline_passed, "late"};
const failure cancelled{failure_kind::cancelled, "cancelled"};

job_outcome done() {
  job_outcome out;
  out.text = "done";
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(one_attempt)

BOOST_AUTO_TEST_CASE(ends_once_with_its_own_outcome) {
  run x;
  BOOST_TEST(x.finish(done()));
  BOOST_TEST(x.outcome().text == "done");
  BOOST_TEST(!x.finish(failed_outcome(late)));
  BOOST_TEST(!x.interrupt(late));
  BOOST_TEST(!x.interrupted());
  BOOST_TEST(x.outcome().text == "done");
}

BOOST_AUTO_TEST_CASE(ends_with_the_first_reason_to_stop) {
  run x;
  BOOST_TEST(x.interrupt(late));
  BOOST_TEST(!x.interrupt(cancelled));
  BOOST_TEST(!x.finish(done()));
  BOOST_TEST((x.current_phase() == run::phase::interrupting));
  BOOST_TEST(x.interrupted());
  BOOST_TEST(!x.interrupted());
  BOOST_TEST((x.outcome().error == late));
}

BOOST_AUTO_TEST_CASE(knows_stale_answers) {
  run x;
  auto first = x.begin_step();
  BOOST_TEST(x.is_current(first));
  auto second = x.begin_step();
  BOOST_TEST(!x.is_current(first));
  BOOST_TEST(x.is_current(second));
  x.interrupt(late);
  BOOST_TEST(!x.is_current(second));
}

BOOST_AUTO_TEST_CASE(keeps_what_a_step_does_not_say) {
  run x;
  BOOST_TEST(x.note("fetch", 0.25));
  BOOST_TEST(!x.note("", -1));
  BOOST_TEST(!x.note("fetch", 0.5));
  BOOST_TEST(x.stage() == "fetch");
  BOOST_TEST(x.progress() == 0.5);
  BOOST_TEST(x.note("render", -1));
  BOOST_TEST(x.progress() == 0.5);
}

BOOST_AUTO_TEST_CASE(asks_first_for_a_job_that_was_tried_before) {
  job x;
  x.attempt = 1;
  BOOST_TEST(!may_be_lost(x));
  x.attempt = 2;
  BOOST_TEST(may_be_lost(x));
}

BOOST_AUTO_TEST_CASE(stops_when_the_job_is_not_ours) {
  BOOST_TEST(!reason_to_stop({true, "running"}));
  BOOST_TEST((reason_to_stop({false, ""})->kind == failure_kind::cancelled));
  for (auto* x : {"cancelled", "timed_out", "failed"})
    BOOST_TEST((reason_to_stop({false, x})->kind == failure_kind::cancelled));
  for (auto* x : {"running", "queued"})
    BOOST_TEST((reason_to_stop({false, x})->kind == failure_kind::not_owner));
}

BOOST_AUTO_TEST_CASE(leaves_what_runs_to_another_owner_only) {
  using k = failure_kind;
  for (auto [kind, asks, left] : {std::tuple{k::unavailable, true, true},
                                  {k::not_owner, false, true},
                                  {k::cancelled, false, false},
                                  {k::deadline_passed, false, false},
                                  {k::shutting_down, false, false},
                                  {k::internal, false, false}}) {
    BOOST_TEST(may_have_lost_job({kind, "x"}) == asks);
    BOOST_TEST(may_be_gone_on_with({kind, "x"}) == left);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(only_who_has_slept_asks_before_it_goes_on_to_work) {
  using namespace std::chrono_literals;
  auto asks = [](auto what, std::chrono::milliseconds unheard) {
    step next;
    next.next = std::move(what);
    return asks_before(next, unheard, 5s);
  };
  BOOST_TEST(asks(call{}, 5'001ms));
  BOOST_TEST(asks(stream{}, 5'001ms));
  BOOST_TEST(!asks(call{}, 5s));
  BOOST_TEST(!asks(stream{}, 5s));
  BOOST_TEST(!asks(wait{}, 1h));
  BOOST_TEST(!asks(finish{}, 1h));
}
