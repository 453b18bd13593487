// Decisions about a GPU that was taken over from a dead worker.
#include "tests/unit/gpu_instance_cases.hpp"

using namespace render;
using namespace render::gpu_instance;

// Nobody here has launched it: the next look is some seconds later, and nothing
// is launched in a dead worker's name.
BOOST_AUTO_TEST_CASE(an_adopted_entry_whose_workload_is_anothers_is_given_up) {
  config cfg;
  cfg.workload_type = "media:fast";
  cfg.kinds = {job_kind::csm};
  cfg.adopted.emplace();
  cfg.adopted->id = "left";
  cfg.adopted->type = "media:fast";
  cfg.adopted->state = gpu_entry_state::ready;
  cfg.adopted->workload = "w";
  cfg.adopted->intent_s = t0;
  cfg.adopted->launched_s = t0;
  cfg.adopted->expires_s = static_cast<int64_t>(t0) + 7'200;
  gpu_workload theirs{"w",  "n-w", "media:fast", "running",
                      true, t0,    t0 + 7'200};
  result<std::vector<gpu_workload>> listed{std::vector<gpu_workload>{theirs}};
  policy x{cfg};
  x.start(both(t0 + 60));
  auto out = x.on_ledger_written(
    *cfg.adopted, fail(failure_kind::rejected, "another entry has it"),
    t0 + 60);
  BOOST_TEST((x.phase() == gpu_phase::launching));
  auto next = all<arm_timer>(out).at(0);
  BOOST_TEST(next.delay.count() == 2'500);
  for (uint32_t i = 0; i < 20 && x.phase() == gpu_phase::launching; ++i) {
    x.on_timer(timer::launch_retry, next.generation, t0 + 65);
    x.on_listed(list_purpose::lookup, listed, both(t0 + 65));
    out = x.on_ledger_viewed(msg::gpus_seen{}, t0 + 65);
    BOOST_TEST(all<launch>(out).empty());
    BOOST_TEST(all<stop>(out).empty());
    if (x.phase() == gpu_phase::launching)
      next = all<arm_timer>(out).at(0);
  }
  BOOST_TEST((x.phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_CASE(a_launch_left_by_others_that_made_no_gpu_is_no_failure) {
  auto cfg = media();
  cfg.adopted.emplace();
  cfg.adopted->id = "left";
  cfg.adopted->type = "media:fast";
  cfg.adopted->intent_s = t0;
  cfg.adopted->expires_s = static_cast<int64_t>(t0) + 7'200;
  cfg.adopted_lookups = 2;
  policy x{cfg};
  x.start(both(t0));
  effects last;
  for (int i = 0; i < 2; ++i)
    last = look(x, {});
  for (auto& said : all<say>(last)) {
    BOOST_TEST((said.level == severity::info));
    BOOST_TEST(said.about.name.empty(), said.text);
  }
  BOOST_TEST(
    (x.phase() == gpu_phase::gone || x.phase() == gpu_phase::stopping));
  for (auto& told : all<report>(last))
    BOOST_TEST(!told.update.failed);
}

// The contract's idle time counts from its last job, whoever's that was.
BOOST_AUTO_TEST_CASE(
  a_given_gpu_waits_as_long_as_any_idle_one_from_its_last_job) {
  auto wait_of = [](std::optional<double> given_idle_s) {
    config cfg;
    cfg.workload_type = "media:fast";
    cfg.kinds = {job_kind::csm};
    cfg.idle_timeout = duration{300'000};
    cfg.adopted.emplace();
    cfg.adopted->id = "left";
    cfg.adopted->workload = "w";
    cfg.given_idle_s = given_idle_s;
    return policy{cfg}.idle_timeout().count();
  };
  BOOST_TEST(wait_of({}) == 15'000);
  BOOST_TEST(wait_of(0) == 300'000);
  BOOST_TEST(wait_of(100) == 200'000);
  BOOST_TEST(wait_of(1e300) == 0);
}
