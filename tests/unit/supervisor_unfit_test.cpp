// What a worker does whose disk, memory or storage fails.
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;

namespace {

config watched() {
  auto out = settings();
  out.surroundings.watched = true;
  return out;
}

const failure no_space{failure_kind::unfit, "no space"};
const failure storage_down{failure_kind::unfit, "upload: HTTP 503"};

/// Ready GPUs, and a first look that found nothing wrong.
struct fit_fleet {
  explicit fit_fleet(uint32_t gpus) : x(watched()) {
    auto begun = x.start();
    BOOST_REQUIRE(all<look_around>(begun).size() == 1u);
    x.on_watcher_started();
    x.on_surroundings_seen({}, t0);
    msg::backlog waiting;
    waiting.waiting_by_type["csm"] = gpus;
    for (auto& timer : all<arm_timer>(x.on_backlog(waiting, both(t0))))
      x.on_timer(timer.which, timer.generation, t0);
    BOOST_REQUIRE(x.status().gpus.size() == gpus);
    x.on_backlog({}, both(t0));
    for (uint64_t i = 1; i <= gpus; ++i)
      x.on_gpu_update(update(i, gpu_phase::ready), t0);
  }

  effects claim(const std::string& id, double now_s = t0) {
    return x.on_jobs_claimed({{a_job(id)}, {}}, both(now_s));
  }

  /// The look that is due finds this.
  effects look(effects out, const msg::surroundings_seen& seen, double now_s) {
    auto due = timer_of(out, timer::fitness);
    auto asked = x.on_timer(due.which, due.generation, now_s);
    BOOST_REQUIRE(all<look_around>(asked).size() == 1u);
    return x.on_surroundings_seen(seen, now_s);
  }

  policy x;
};

bool accepts(const effects& out) {
  auto told = all<send_capacity>(out);
  BOOST_REQUIRE(!told.empty());
  return told.back().what.accepting;
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_unfit_worker)

BOOST_AUTO_TEST_CASE(claims_nothing_before_its_first_look) {
  policy x{watched()};
  x.start();
  BOOST_TEST(!accepts(x.on_watcher_started()));
  BOOST_TEST(accepts(x.on_surroundings_seen({}, t0)));
}

BOOST_AUTO_TEST_CASE(is_no_more_than_a_paused_fleet_that_launches_nothing) {
  policy x{settings()};
  x.start();
  x.on_watcher_started();
  auto said = x.on_orders({"by ann"}, t0);
  BOOST_REQUIRE(all<say>(said).size() == 1u);
  BOOST_TEST(x.on_orders({"by ann"}, t0).empty());
  msg::backlog waiting;
  waiting.waiting_by_type["csm"] = 1;
  auto out = x.on_backlog(waiting, both(t0));
  for (auto& timer : all<arm_timer>(out))
    for (auto& y : x.on_timer(timer.which, timer.generation, t0 + 60))
      BOOST_TEST(!std::holds_alternative<rent>(y));
  auto status = x.status();
  BOOST_TEST(status.gpus.empty());
  for (auto& [type, why] : status.launches)
    BOOST_TEST((why.jobs == 0 || why.kind == launch_reason_kind::paused));
  auto resumed = x.on_orders({}, t0 + 60);
  BOOST_TEST((!all<arm_timer>(resumed).empty() || !all<rent>(resumed).empty()));
}

BOOST_AUTO_TEST_CASE(gives_the_job_back_uncounted_and_claims_nothing) {
  fit_fleet f{1};
  f.claim("a");
  f.x.on_gpu_update(update(1, gpu_phase::ready, {job_kind::csm}, 1), t0);
  auto out = f.x.on_job_ended(ended(1, "a", no_space), t0 + 1);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<release>(out)[0].job_id == "a");
  BOOST_TEST(all<settle>(out).empty());
  BOOST_TEST(all<note_attempt>(out).empty());
  BOOST_TEST(!accepts(out));
  BOOST_TEST(f.x.status().jobs_retried == 0u);
  BOOST_TEST(f.x.status().unfit == "job");
  // The GPU is not blamed.
  for (auto& timer : all<arm_timer>(out))
    BOOST_TEST((timer.which != timer::trust));
  out = f.look(out, {"disk", "full", 0}, t0 + 2);
  BOOST_TEST(f.x.status().unfit == "disk");
  BOOST_TEST(accepts(f.look(out, {{}, {}, 9}, t0 + 4)));
  BOOST_TEST(f.x.status().unfit.empty());
}

BOOST_AUTO_TEST_CASE(launches_nothing) {
  fit_fleet f{1};
  f.claim("a");
  auto out = f.x.on_job_ended(ended(1, "a", no_space), t0 + 1);
  msg::backlog waiting;
  waiting.waiting_by_type["csm"] = 20;
  auto seen = f.x.on_backlog(waiting, both(t0 + 1));
  BOOST_TEST(all<rent>(seen).empty());
  for (auto& timer : all<arm_timer>(seen))
    BOOST_TEST((timer.which != timer::jitter));
}

BOOST_AUTO_TEST_CASE(gives_back_what_arrives_and_what_waits) {
  fit_fleet f{1};
  f.claim("a");
  f.claim("b");
  auto out = f.x.on_job_ended(ended(1, "a", no_space), t0 + 1);
  BOOST_TEST(all<release>(out).size() == 2u);
  out = f.claim("c", t0 + 1);
  BOOST_REQUIRE(all<release>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out).empty());
}

// A job that no worker can bear must not go round for ever.
BOOST_AUTO_TEST_CASE(gives_up_a_job_that_hurts_it_again_and_again) {
  fit_fleet f{1};
  for (int i = 0; i < 3; ++i) {
    f.claim("a", t0 + 10 * i);
    auto out = f.x.on_job_ended(ended(1, "a", no_space), t0 + 10 * i + 1);
    f.x.on_released("a");
    BOOST_TEST(all<settle>(out).size() == (i < 2 ? 0u : 1u));
    f.look(out, {}, t0 + 10 * i + 5);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_result_that_waits_for_the_storage)

BOOST_AUTO_TEST_CASE(needs_no_gpu) {
  fit_fleet f{1};
  f.claim("a");
  auto out = f.x.on_render_parked("a", storage_down, t0 + 1);
  auto told = all<send_capacity>(out);
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(told.back().what.free[0].count == 1u);
  BOOST_TEST(!told.back().what.accepting);
  BOOST_TEST(f.x.status().unfit == "storage");
  BOOST_TEST(f.x.status().results_waiting == 1u);
  // The GPU goes, the job stays.
  out = f.x.on_gpu_update(update(1, gpu_phase::gone), t0 + 2);
  BOOST_TEST(all<release>(out).empty());
  BOOST_TEST(all<settle>(out).empty());
  out = f.x.on_parked_ended("a", {"done", "url", {}}, t0 + 3);
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  BOOST_TEST(all<settle>(out)[0].what.outcome.success());
  BOOST_TEST(f.x.status().results_waiting == 0u);
}

BOOST_AUTO_TEST_CASE(is_given_back_uncounted_when_its_renderer_dies) {
  fit_fleet f{1};
  f.claim("a");
  f.x.on_render_parked("a", storage_down, t0 + 1);
  auto out = f.x.on_parked_ended(
    "a", failed_outcome({failure_kind::unavailable, "died"}), t0 + 2);
  BOOST_TEST(all<release>(out).size() == 1u);
  BOOST_TEST(all<note_attempt>(out).empty());
}

BOOST_AUTO_TEST_CASE(fails_at_the_deadline_of_its_job) {
  fit_fleet f{1};
  f.claim("a");
  f.x.on_render_parked("a", storage_down, t0 + 1);
  auto out = f.x.on_parked_ended(
    "a", failed_outcome({failure_kind::deadline_passed, "late"}), t0 + 2);
  BOOST_REQUIRE(all<settle>(out).size() == 1u);
  BOOST_TEST(all<settle>(out)[0].what.outcome.error.message == "late");
}

BOOST_AUTO_TEST_CASE(goes_back_when_the_node_stops) {
  fit_fleet f{1};
  f.claim("a");
  f.x.on_render_parked("a", storage_down, t0 + 1);
  auto grace = timer_of(f.x.on_drain("stop", t0 + 2), timer::claim_grace);
  f.x.on_timer(grace.which, grace.generation, t0 + 2.5);
  f.x.on_gpu_update(update(1, gpu_phase::gone), t0 + 3);
  auto out = f.x.on_drain("now", t0 + 4);
  BOOST_REQUIRE(all<stop_renderer>(out).size() == 1u);
  BOOST_TEST(all<stop_renderer>(out)[0].job_id == "a");
  BOOST_TEST(all<flush_webhooks>(out).empty());
  out = f.x.on_parked_ended(
    "a", failed_outcome({failure_kind::shutting_down, "now"}), t0 + 5);
  BOOST_TEST(all<release>(out).size() == 1u);
  BOOST_TEST(all<flush_webhooks>(f.x.on_released("a")).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
