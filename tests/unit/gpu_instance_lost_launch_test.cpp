// Decisions about a launch whose answer was lost.
#include "tests/unit/gpu_instance_cases.hpp"

using namespace render;
using namespace render::gpu_instance;

BOOST_AUTO_TEST_SUITE(a_launch_of_unknown_outcome)

BOOST_AUTO_TEST_CASE(without_a_list_before_goes_by_the_time_of_creation) {
  auto candidate = workload("w");
  for (auto& [age_s, ours] :
       {std::pair{0.0, true}, {119.0, true}, {-60.0, true}, {121.0, false}}) {
    auto x = lost_launch(media(), fail(unavailable));
    candidate.created_s = t0 - age_s;
    look(x, {candidate});
    BOOST_TEST((x.phase() == gpu_phase::booting) == ours);
  }
}

BOOST_AUTO_TEST_CASE(is_told_apart_by_type_and_end) {
  auto adopts = [](const gpu_workload& candidate) {
    auto x = lost_launch();
    look(x, {candidate});
    return x.phase() == gpu_phase::booting;
  };
  BOOST_TEST(adopts(workload("w")));
  auto other = workload("w");
  other.type = "media:slow";
  BOOST_TEST(!adopts(other));
  other = workload("w");
  other.expires_s += 2;
  BOOST_TEST(!adopts(other));
  other.expires_s -= 1;
  BOOST_TEST(adopts(other));
}

// A list that lags shows for a while what another worker has stopped.
BOOST_AUTO_TEST_CASE(takes_no_workload_that_has_ended) {
  auto x = lost_launch();
  x.on_listed(list_purpose::lookup, list({workload("stopped")}), both(t0 + 3));
  x.on_ledger_viewed(msg::gpus_seen{{}, {"stopped"}}, t0 + 3);
  BOOST_TEST((x.phase() == gpu_phase::launching));
  x.on_listed(list_purpose::lookup,
              list({workload("stopped"), workload("ours")}), both(t0 + 5));
  auto out = x.on_ledger_viewed(msg::gpus_seen{{}, {"stopped"}}, t0 + 5);
  BOOST_REQUIRE(all<write_ledger>(out).size() == 1u);
  BOOST_TEST(all<write_ledger>(out)[0].entry.workload == "ours");
}

BOOST_AUTO_TEST_CASE(is_given_up_when_the_list_or_the_ledger_is_unreadable) {
  auto cfg = media();
  cfg.lookups_max = 3;
  auto x = lost_launch(cfg);
  x.on_listed(list_purpose::lookup, fail(unavailable), both(t0));
  x.on_listed(list_purpose::lookup, list({}), both(t0));
  x.on_ledger_viewed(fail(unavailable), t0);
  BOOST_TEST((x.phase() == gpu_phase::launching));
  auto out = x.on_listed(list_purpose::lookup, fail(unavailable), both(t0));
  BOOST_TEST((x.phase() == gpu_phase::gone));
  BOOST_TEST(all<launch>(out).empty());
  BOOST_TEST((all<say>(out).front().level == severity::error));
  BOOST_TEST(all<leave_ledger>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(writes_down_what_looks_like_its_workload_before) {
  policy x{media()};
  x.start(both(t0));
  auto other = workload("other");
  other.expires_s += 60;
  auto out = x.on_listed(list_purpose::before_launch,
                         list({workload("same"), other}), both(t0));
  BOOST_REQUIRE(all<write_ledger>(out).size() == 1u);
  BOOST_TEST(all<write_ledger>(out)[0].entry.known_before
             == std::vector<workload_id>{"same"});
}

BOOST_AUTO_TEST_CASE(in_doubt_looks_twice_and_leaves_the_entry) {
  auto x = lost_launch();
  auto out = look(x, {workload("a"), workload("b")});
  BOOST_TEST((x.phase() == gpu_phase::launching));
  BOOST_TEST(timer_of(out, timer::launch_retry).delay.count() == 2'500);
  out = look(x, {workload("a"), workload("b")});
  BOOST_TEST((x.phase() == gpu_phase::gone));
  BOOST_TEST((all<say>(out).front().level == severity::error));
  BOOST_TEST(all<leave_ledger>(out).size() == 1u);
  BOOST_TEST(all<stop>(out).empty());
}

BOOST_AUTO_TEST_CASE(that_is_not_found_is_left_and_the_next_has_its_own_entry) {
  auto cfg = media();
  cfg.ledger_id = "e";
  auto x = lost_launch(cfg);
  auto entry_of = [](const effects& xs) {
    return all<write_ledger>(xs).at(0).entry;
  };
  for (const ledger_id& before : std::vector<ledger_id>{"e", "e-1"}) {
    BOOST_TEST(all<leave_ledger>(look(x, {})).empty());
    auto out = look(x, {});
    BOOST_TEST(all<leave_ledger>(out).at(0).id == before);
    BOOST_TEST(all<close_ledger>(out).empty());
    auto next = before == "e" ? "e-1" : "e-2";
    BOOST_TEST(all<report>(out).at(0).update.ledger_id == next);
    out = x.on_listed(list_purpose::before_launch, list({}), both(t0 + 5));
    BOOST_TEST(entry_of(out).id == next);
    BOOST_TEST((entry_of(out).state == gpu_entry_state::intent));
    x.on_ledger_written(intent, {}, t0 + 5);
    if (before == "e")
      x.on_launched(fail(lost), t0 + 5);
  }
  auto out = x.on_launched(workload("w"), t0 + 5);
  BOOST_TEST(entry_of(out).id == "e-2");
  BOOST_TEST(entry_of(x.on_ledger_doubt()).id == "e-2");
  x.on_halt("test", t0 + 6);
  x.on_ledger_written(entry_with("w"), {}, t0 + 6);
  out = x.on_stopped(0.0, t0 + 6);
  BOOST_TEST(all<close_ledger>(out).at(0).entry.id == "e-2");
}

BOOST_AUTO_TEST_CASE(a_failed_try_is_told_while_the_next_one_waits) {
  policy x{media()};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  x.on_ledger_written(intent, {}, t0);
  auto told = all<report>(x.on_launched(fail(unavailable), t0));
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].update.reason == "HTTP 502, attempt 1 of 5, next in 5 s");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_workload_that_another_launch_wrote_down)

BOOST_AUTO_TEST_CASE(is_given_up_for_the_other_one) {
  auto x = ready_gpu();
  x.on_run_job(task("a"));
  auto out = x.on_ledger_written(entry_with("w"), fail(held), t0);
  BOOST_TEST((x.phase() == gpu_phase::launching));
  BOOST_REQUIRE(all<stop_renderers>(out).size() == 1u);
  BOOST_TEST(
    (all<stop_renderers>(out)[0].reason.kind == failure_kind::unavailable));
  BOOST_TEST(all<report>(out).back().update.ready_kinds.empty());
  BOOST_TEST(timer_of(out, timer::launch_retry).delay.count() > 0);
  BOOST_TEST(all<end_job>(x.on_run_job(task("b"))).size() == 1u);
  out = x.on_render_ended("a", failed_outcome(unavailable));
  BOOST_TEST(all<end_job>(out).size() == 1u);
  // The one of before is not taken again, even if the ledger knew it no more.
  out = look(x, {workload("v"), workload("w")});
  BOOST_TEST((x.phase() == gpu_phase::booting));
  BOOST_TEST(x.node() == "n-v");
  BOOST_REQUIRE(all<write_ledger>(out).size() == 1u);
  BOOST_TEST(all<write_ledger>(out)[0].entry.workload == "v");
}

BOOST_AUTO_TEST_CASE(is_not_stopped) {
  auto x = ready_gpu();
  x.on_drain("test", t0);
  BOOST_TEST((x.phase() == gpu_phase::stopping));
  auto out = x.on_ledger_written(entry_with("w"), fail(held), t0);
  BOOST_TEST(all<stop>(out).empty());
  BOOST_TEST((x.phase() == gpu_phase::launching));
  // Ours is, once it is found.
  look(x, {workload("v"), workload("w")});
  BOOST_TEST((x.phase() == gpu_phase::stopping));
  out = x.on_ledger_written(entry_with("v"), {}, t0);
  BOOST_REQUIRE(all<stop>(out).size() == 1u);
  BOOST_TEST(all<stop>(out)[0].workload == "v");
}

BOOST_AUTO_TEST_CASE(is_forgotten_when_there_is_no_other_one) {
  auto x = ready_gpu();
  x.on_drain("test", t0);
  x.on_ledger_written(entry_with("w"), fail(held), t0);
  look(x, {workload("w")});
  auto out = look(x, {workload("w")});
  BOOST_TEST((x.phase() == gpu_phase::gone));
  BOOST_TEST(all<stop>(out).empty());
  // The list may lag: the entry is there for whoever looks later.
  BOOST_TEST(all<leave_ledger>(out).size() == 1u);
  BOOST_TEST(all<close_ledger>(out).empty());
}

BOOST_AUTO_TEST_CASE(of_an_earlier_write_matters_no_more) {
  auto x = ready_gpu();
  x.on_ledger_written(entry_with("w"), fail(held), t0);
  look(x, {workload("v")});
  BOOST_TEST((x.phase() == gpu_phase::booting));
  BOOST_TEST(x.on_ledger_written(entry_with("w"), fail(held), t0).empty());
  BOOST_TEST((x.phase() == gpu_phase::booting));
}

BOOST_AUTO_TEST_SUITE_END()
