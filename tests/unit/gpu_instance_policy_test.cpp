// Decisions about one GPU that a run in virtual time does not reach.
#include "actors/gpu_instance/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::gpu_instance;

namespace {

constexpr double t0 = 1'700'000'000;

const failure unavailable{failure_kind::unavailable, "HTTP 502"};
const failure lost{failure_kind::outcome_unknown, "cut"};
const failure held{failure_kind::rejected, "another entry has it"};

/// As it was written.
gpu_entry entry_with(const std::string& workload) {
  gpu_entry out;
  out.workload = workload_id{workload};
  out.expires_s = static_cast<int64_t>(t0) + 7'200;
  return out;
}

const auto intent = entry_with({});

arm_timer timer_of(const effects& xs, timer which) {
  for (auto& x : all<arm_timer>(xs))
    if (x.which == which)
      return x;
  BOOST_FAIL("no such timer is armed");
  return {};
}

config media() {
  config out;
  out.instance = 7;
  out.workload_type = "media:fast";
  out.kinds = {job_kind::csm};
  return out;
}

gpu_workload workload(const std::string& id) {
  gpu_workload out;
  out.workload = workload_id{id};
  out.node = gpu_host{"n-" + id};
  out.type = "media:fast";
  out.running = true;
  out.created_s = t0;
  out.expires_s = t0 + 7'200;
  return out;
}

result<std::vector<gpu_workload>> list(std::vector<gpu_workload> xs) {
  return xs;
}

msg::run_job task(const std::string& id) {
  msg::run_job out;
  out.subject.id = job_id{id};
  out.subject.type = "csm";
  return out;
}

/// Launched at t0, and the answer did not come.
policy lost_launch(config cfg = media(),
                   const result<std::vector<gpu_workload>>& before = list({})) {
  policy x{std::move(cfg)};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, before, both(t0));
  x.on_ledger_written(intent, {}, t0);
  x.on_launched(fail(lost), t0);
  return x;
}

/// With a ledger that knows nothing else.
effects look(policy& x, std::vector<gpu_workload> listed) {
  auto out = x.on_listed(list_purpose::lookup, list(std::move(listed)),
                         both(t0 + 3));
  BOOST_REQUIRE(all<view_ledger>(out).size() == 1u);
  return x.on_ledger_viewed(msg::gpus_seen{}, t0 + 3);
}

/// Launched and ready at t0.
policy ready_gpu(config cfg = media()) {
  policy x{std::move(cfg)};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  x.on_ledger_written(intent, {}, t0);
  x.on_launched(workload("w"), t0);
  x.on_probed("", {}, t0);
  x.on_probed("csm", {}, t0);
  BOOST_REQUIRE((x.phase() == gpu_phase::ready));
  return x;
}

} // namespace

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
  tick(t0 + 2);
  BOOST_TEST(all<list_workloads>(out).size() == 1u);
  x.on_listed(list_purpose::health, list({workload("w")}), both(t0 + 3));
  BOOST_TEST(x.node() == "n-w");
  tick(t0 + 3);
  BOOST_TEST(all<probe>(out).size() == 1u);
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
