// The course of one attempt: it ends exactly once, and stale answers are none.
#include "actors/renderer/run.hpp"
#include "actors/renderer/store_tries.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <set>
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

BOOST_AUTO_TEST_CASE(doubts_the_network_when_nobody_has_answered) {
  const failure away{failure_kind::unavailable, "no such name"};
  auto doubts = [&](const failure& end, bool answered_later) {
    run x;
    x.ask();
    x.note_failure(away);
    if (answered_later)
      x.ask();
    BOOST_TEST(!x.doubts_network());
    x.finish(failed_outcome(end));
    return x.doubts_network();
  };
  BOOST_TEST(doubts(away, false));
  BOOST_TEST(!doubts(away, true));
  BOOST_TEST(!doubts({failure_kind::rejected, "no"}, false));
  run refused;
  refused.ask();
  refused.note_failure({failure_kind::aborted, "by us"});
  refused.finish(failed_outcome(away));
  BOOST_TEST(!refused.doubts_network());
  run well;
  well.note_failure(away);
  well.finish(done());
  BOOST_TEST(!well.doubts_network());
  run given_up;
  given_up.interrupt(away);
  BOOST_TEST(!given_up.doubts_network());
  given_up.interrupted();
  BOOST_TEST(given_up.doubts_network());
  given_up.blame_network();
  BOOST_TEST((given_up.outcome().error.kind == failure_kind::unfit));
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

BOOST_AUTO_TEST_SUITE(a_result_that_the_storage_does_not_take)

BOOST_AUTO_TEST_CASE(is_tried_again_when_the_storage_may_be_mended) {
  using namespace std::chrono_literals;
  store_tries tries{1s, 30s, 1};
  for (auto kind : {failure_kind::unfit, failure_kind::outcome_unknown})
    BOOST_TEST(tries.after({kind, "down"}, 0).has_value());
  for (auto kind : {failure_kind::invalid_input, failure_kind::rejected,
                    failure_kind::unavailable, failure_kind::cancelled,
                    failure_kind::internal, failure_kind::shutting_down})
    BOOST_TEST(!tries.after({kind, "no"}, 0));
}

BOOST_AUTO_TEST_CASE(waits_twice_as_long_each_time_up_to_a_limit) {
  using namespace std::chrono_literals;
  const failure down{failure_kind::unfit, "down"};
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    store_tries tries{1s, 30s, seed};
    auto most = std::chrono::milliseconds{1s};
    for (uint32_t before = 0; before < 40; ++before) {
      auto wait = *tries.after(down, before);
      BOOST_TEST((wait >= most / 2 && wait <= most));
      most = std::min<std::chrono::milliseconds>(30s, 2 * most);
    }
  }
}

BOOST_AUTO_TEST_CASE(is_not_tried_by_a_whole_fleet_at_once) {
  using namespace std::chrono_literals;
  std::set<int64_t> waits;
  std::mt19937_64 seeds{1};
  for (int i = 0; i < 50; ++i)
    waits.insert(store_tries{1s, 30s, seeds()}
                   .after({failure_kind::unfit, ""}, 5)
                   ->count());
  BOOST_TEST(waits.size() > 40u);
}

BOOST_AUTO_TEST_CASE(tells_what_its_time_goes_into) {
  stage_times x;
  BOOST_TEST(x.end(50).empty());
  x.enter("download", 100);
  // Between two tries.
  x.enter("", 103);
  x.enter("download", 104);
  x.enter("render", 105);
  x.enter("store", 125);
  // A service that wants more.
  x.enter("render", 126);
  auto spent = x.end(130);
  BOOST_TEST(spent.size() == 3u);
  BOOST_TEST(spent["download"] == 5);
  BOOST_TEST(spent["render"] == 24);
  BOOST_TEST(spent["store"] == 1);
}

BOOST_AUTO_TEST_SUITE_END()
