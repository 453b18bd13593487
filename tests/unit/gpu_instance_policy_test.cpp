// Decisions about one GPU that a run in virtual time does not reach.
#include "tests/unit/gpu_instance_cases.hpp"

#include <cmath>

using namespace render;
using namespace render::gpu_instance;

BOOST_AUTO_TEST_CASE(probes_are_spaced_by_the_age_of_the_launch) {
  using std::chrono::milliseconds;
  auto at = [](int64_t ms) {
    return probe_interval(media(), milliseconds{ms}).count();
  };
  BOOST_TEST(at(0) == 50);
  BOOST_TEST(at(2'500) == 50);
  BOOST_TEST(at(10'000) == 200);
  BOOST_TEST(at(100'000) == 2'000);
  BOOST_TEST(at(10'000'000) == 2'000);
}

BOOST_AUTO_TEST_CASE(its_entry_says_when_a_gpu_has_booted) {
  auto cfg = media();
  cfg.kinds = {job_kind::csm, job_kind::whisper};
  policy x{cfg};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  x.on_ledger_written(intent, {}, t0);
  using enum gpu_entry_state;
  auto written = [](const effects& out) {
    auto xs = all<write_ledger>(out);
    return xs.empty() ? std::nullopt : std::optional{xs.back().entry.state};
  };
  BOOST_TEST((written(x.on_launched(workload("w"), t0)) == running));
  BOOST_TEST(!written(x.on_probed("", {}, t0)));
  // What waits may need the other service.
  BOOST_TEST(!written(x.on_probed("csm", {}, t0)));
  BOOST_TEST((written(x.on_ledger_doubt()) == running));
  BOOST_TEST((written(x.on_probed("whisper", {}, t0)) == ready));
  BOOST_TEST((written(x.on_ledger_doubt()) == ready));
  BOOST_TEST((written(x.on_halt("test", t0)) == stopping));
}

BOOST_AUTO_TEST_CASE(a_launch_that_no_budget_allows_is_not_asked_for) {
  for (auto& [limit, span_s] : {std::pair{"MAX_SPEND_PER_HOUR", 3'600},
                                {"MAX_SPEND_PER_DAY", 86'400}}) {
    policy x{media()};
    x.start(both(t0));
    auto out = x.on_listed(list_purpose::before_launch, list({}), both(t0));
    auto entry = all<write_ledger>(out).at(0).entry;
    out = x.on_ledger_written(entry, fail(failure_kind::over_budget, limit),
                              t0 + 1);
    BOOST_TEST(all<launch>(out).empty());
    BOOST_TEST((x.phase() == gpu_phase::gone));
    auto told = all<report>(out).back().update;
    BOOST_TEST(!told.failed);
    BOOST_TEST(told.over_budget == limit);
    // t0 is a Unix time here, by both clocks.
    BOOST_TEST(told.budget_until_s > t0);
    BOOST_TEST(told.budget_until_s <= t0 + span_s);
    BOOST_TEST(std::fmod(told.budget_until_s, span_s) == 0);
  }
}

BOOST_AUTO_TEST_SUITE(an_entry_in_doubt)

BOOST_AUTO_TEST_CASE(is_asked_about_at_once) {
  auto x = ready_gpu();
  auto out = x.on_ledger_doubt();
  BOOST_TEST(all<write_ledger>(out).size() == 1u);
  BOOST_TEST(all<list_workloads>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(that_is_another_workers_sends_its_jobs_elsewhere) {
  auto x = ready_gpu();
  x.on_run_job(task("a"));
  auto out = x.on_ledger_written(
    entry_with("w"), fail(failure_kind::not_owner, "another worker's now"), t0);
  BOOST_TEST((all<report>(out).back().update.phase == gpu_phase::stopping));
  BOOST_REQUIRE(all<stop_renderers>(out).size() == 1u);
  BOOST_TEST(
    (all<stop_renderers>(out)[0].reason.kind == failure_kind::unavailable));
  BOOST_TEST(all<stop>(out).empty());
}

BOOST_AUTO_TEST_CASE(matters_only_while_there_is_a_gpu) {
  policy x{media()};
  x.start(both(t0));
  BOOST_TEST(x.on_ledger_doubt().empty());
  auto y = ready_gpu();
  y.on_halt("test", t0);
  BOOST_TEST(y.on_ledger_doubt().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(timers)

BOOST_AUTO_TEST_CASE(that_retire_a_gpu_end_before_its_lifetime) {
  auto age = [](int replace_after_s, int lifetime_s) {
    return retirement_age(duration{replace_after_s * 1'000},
                          duration{lifetime_s * 1'000})
      .count();
  };
  BOOST_TEST(age(3'600, 7'200) == 3'600'000);
  BOOST_TEST(age(7'200, 7'200) == 7'140'000);
  BOOST_TEST(age(100, 100) == 90'000);
}

BOOST_AUTO_TEST_CASE(that_were_replaced_do_nothing) {
  auto x = ready_gpu();
  auto out = x.on_run_job(task("a"));
  out = x.on_render_ended("a", job_outcome{"done", {}});
  auto idle = timer_of(out, timer::idle);
  x.on_run_job(task("b"));
  out = x.on_render_ended("b", job_outcome{"done", {}});
  BOOST_TEST(x.on_timer(timer::idle, idle.generation, t0 + 300).empty());
  idle = timer_of(out, timer::idle);
  out = x.on_timer(timer::idle, idle.generation, t0 + 600);
  BOOST_TEST((x.phase() == gpu_phase::stopping));
  BOOST_TEST(all<stop>(x.on_ledger_written(intent, {}, t0 + 600)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(do_nothing_once_it_stops) {
  policy x{media()};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  auto armed = all<arm_timer>(x.on_launched(workload("w"), t0));
  x.on_halt("test", t0);
  for (auto& y : armed)
    BOOST_TEST(x.on_timer(y.which, y.generation, t0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(late_answers)

BOOST_AUTO_TEST_CASE(do_not_wake_a_gpu_that_stops) {
  auto x = ready_gpu();
  x.on_halt("test", t0);
  BOOST_TEST(x.on_probed("csm", {}, t0).empty());
  BOOST_TEST(x.on_probed("", fail(unavailable), t0).empty());
  BOOST_TEST(
    x.on_listed(list_purpose::health, list({}), both(t0 + 99)).empty());
  BOOST_TEST((x.phase() == gpu_phase::stopping));
  x.on_stopped(0.0, t0);
  BOOST_TEST((x.phase() == gpu_phase::gone));
  BOOST_TEST(x.on_stopped(0.0, t0).empty());
  BOOST_TEST(x.on_halt("again", t0).empty());
}

BOOST_AUTO_TEST_CASE(of_a_renderer_count_once) {
  auto x = ready_gpu();
  x.on_run_job(task("a"));
  BOOST_TEST(all<end_job>(x.on_render_ended("a", {})).size() == 1u);
  BOOST_TEST(x.on_render_ended("a", {}).empty());
  BOOST_TEST(x.on_render_ended("never", {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_node_name_that_comes_late_is_taken_from_the_list) {
  policy x{media()};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  x.on_ledger_written(intent, {}, t0);
  auto nameless = workload("w");
  nameless.node.clear();
  auto out = x.on_launched(nameless, t0);
  BOOST_TEST(all<probe>(out).empty());
  BOOST_TEST(all<list_workloads>(out).size() == 1u);
  // A provider that is slow is not asked the same again meanwhile.
  auto tick = [&](double now_s) {
    auto due = timer_of(out, timer::boot_probe);
    out = x.on_timer(timer::boot_probe, due.generation, now_s);
  };
  tick(t0 + 1);
  BOOST_TEST(all<list_workloads>(out).empty());
  x.on_listed(list_purpose::health, fail(unavailable), both(t0 + 2));
  tick(t0 + 4);
  BOOST_TEST(all<list_workloads>(out).size() == 1u);
  x.on_listed(list_purpose::health, list({workload("w")}), both(t0 + 5));
  BOOST_TEST(x.node() == "n-w");
  tick(t0 + 5);
  BOOST_TEST(all<probe>(out).size() == 1u);
}

// A GPU that does not stop is paid for: people must see why.
BOOST_AUTO_TEST_CASE(a_stop_that_is_refused_again_is_an_error) {
  auto x = ready_gpu();
  auto written = all<write_ledger>(x.on_halt("test", t0));
  x.on_ledger_written(written.back().entry, {}, t0);
  std::vector<severity> told;
  for (auto i = 0; i < 4; ++i) {
    auto out = x.on_stopped(fail(failure_kind::rejected, "HTTP 403"), t0);
    for (auto& one : all<say>(out))
      told.push_back(one.level);
    for (auto& one : all<arm_timer>(out))
      x.on_timer(one.which, one.generation, t0);
  }
  BOOST_TEST((told
              == std::vector{severity::warning, severity::warning,
                             severity::error, severity::error}));
}

BOOST_AUTO_TEST_CASE(a_gpu_waits_for_its_renderers_before_it_is_gone) {
  auto x = ready_gpu();
  x.on_run_job(task("a"));
  auto out = x.on_halt("test", t0);
  BOOST_TEST(all<stop_renderers>(out).size() == 1u);
  out = x.on_stopped(0.0, t0);
  BOOST_TEST(all<quit>(out).empty());
  out = x.on_render_ended("a", failed_outcome(unavailable));
  BOOST_TEST(all<end_job>(out).size() == 1u);
  BOOST_TEST(all<quit>(out).size() == 1u);
  BOOST_TEST(all<report>(out).back().update.busy_slots == 0u);
}

BOOST_AUTO_TEST_CASE(a_job_of_a_kind_that_is_not_ready_comes_back) {
  auto cfg = media();
  cfg.kinds = {job_kind::csm, job_kind::portrait};
  auto x = ready_gpu(cfg);
  auto portrait = task("a");
  portrait.subject.type = "portrait";
  auto out = x.on_run_job(portrait);
  BOOST_REQUIRE(all<end_job>(out).size() == 1u);
  BOOST_TEST(
    (all<end_job>(out)[0].outcome.error.kind == failure_kind::unavailable));
  portrait.subject.type = "teleport";
  BOOST_TEST(all<start_renderer>(x.on_run_job(portrait)).empty());
}
