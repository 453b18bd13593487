// A GPU in use gets its successor before it is too old.
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;

namespace {

config ahead(uint32_t max_gpus = 1) {
  auto out = settings();
  out.max_gpus = max_gpus;
  out.retire_after = duration{3'600'000};
  out.replace_ahead = duration{90'000};
  return out;
}

msg::gpu_update launched(uint64_t instance, gpu_phase phase,
                         double launched_s) {
  auto out = update(instance, phase);
  out.launched_s = out.launched_at_s = launched_s;
  if (launched_s > 0)
    out.workload = workload_id{"w" + std::to_string(instance)};
  return out;
}

/// A node with one GPU, launched at `t0` and ready 30 s later.
struct aging {
  explicit aging(config cfg = ahead()) : x(std::move(cfg)) {
    x.on_watcher_started();
    wait("csm", 1, t0);
    x.on_backlog({}, both(t0));
    became_ready = x.on_gpu_update(launched(1, gpu_phase::ready, t0), t0 + 30);
  }

  effects claim(const std::string& id, double now_s) {
    return x.on_jobs_claimed({{a_job(id)}, {}}, both(now_s));
  }

  /// Jobs of this type wait until the random wait is over.
  effects wait(const std::string& type, uint64_t count, double now_s) {
    auto out = x.on_backlog({{{type, count}}, now_s}, both(now_s));
    for (auto& y : all<arm_timer>(out))
      append(out, x.on_timer(y.which, y.generation, now_s));
    return out;
  }

  effects comes_of_age(double now_s = t0 + 3'510) {
    return x.on_timer(timer::succession, 0, now_s);
  }

  /// While job "a" runs.
  effects gets_a_successor() {
    claim("a", t0 + 3'500);
    return comes_of_age();
  }

  void hands_over() {
    gets_a_successor();
    x.on_job_ended(ended(1, "a"), t0 + 3'530);
    x.on_gpu_update(launched(2, gpu_phase::ready, t0 + 3'510), t0 + 3'540);
  }

  policy x;
  effects became_ready;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_gpu_that_comes_of_age)

BOOST_AUTO_TEST_CASE(is_looked_at_90_s_before_it_is_retired) {
  aging f;
  BOOST_TEST(timer_of(f.became_ready, timer::succession).delay.count()
             == 3'480'000);
}

BOOST_AUTO_TEST_CASE(is_looked_at_a_tenth_of_its_time_before_at_most) {
  auto cfg = ahead();
  cfg.retire_after = duration{600'000};
  aging f{cfg};
  BOOST_TEST(timer_of(f.became_ready, timer::succession).delay.count()
             == 510'000);
}

BOOST_AUTO_TEST_CASE(gets_a_successor_while_it_works) {
  aging f;
  auto rented = all<rent>(f.gets_a_successor());
  BOOST_REQUIRE(rented.size() == 1u);
  BOOST_TEST(rented[0].instance == 2u);
  BOOST_TEST(rented[0].type == "media:fast");
  // An order is no launch yet.
  BOOST_TEST(f.x.status().gpus_launched == 1u);
  f.x.on_gpu_update(launched(2, gpu_phase::booting, t0 + 3'510), t0 + 3'512);
  BOOST_TEST(f.x.status().gpus_launched == 2u);
  // One is enough.
  BOOST_TEST(all<rent>(f.comes_of_age(t0 + 3'511)).empty());
}

BOOST_AUTO_TEST_CASE(gets_one_only_if_it_has_worked_in_the_last_90_s) {
  for (auto [last_job_s, successors] : {std::pair{3'421, 1u}, {3'419, 0u}}) {
    aging f;
    f.claim("a", t0 + 3'000);
    f.x.on_job_ended(ended(1, "a"), t0 + last_job_s);
    BOOST_TEST_CONTEXT("last job at " << last_job_s)
    BOOST_TEST(all<rent>(f.comes_of_age()).size() == successors);
  }
}

BOOST_AUTO_TEST_CASE(gets_one_when_it_is_given_a_job_after_all) {
  aging f;
  BOOST_TEST(all<rent>(f.comes_of_age()).empty());
  BOOST_TEST(all<rent>(f.claim("a", t0 + 3'550)).size() == 1u);
}

// Its first worker is dead, and nobody may need it.
BOOST_AUTO_TEST_CASE(gets_none_before_its_first_job_with_us) {
  aging f;
  f.x.on_gpu_update(launched(1, gpu_phase::gone, t0), t0 + 100);
  gpu_entry left;
  left.id = "left";
  left.type = "media:fast";
  f.x.on_gpus_taken(msg::gpus_taken{{left}, {}, 0}, t0 + 3'520);
  auto ready = launched(2, gpu_phase::ready, t0);
  BOOST_TEST(all<rent>(f.x.on_gpu_update(ready, t0 + 3'530)).empty());
  BOOST_TEST(all<rent>(f.comes_of_age(t0 + 3'531)).empty());
  BOOST_TEST(all<rent>(f.claim("a", t0 + 3'532)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(gets_none_before_its_time) {
  aging f;
  BOOST_TEST(all<rent>(f.claim("a", t0 + 3'509.999)).empty());
}

BOOST_AUTO_TEST_CASE(gets_none_unless_that_is_wanted) {
  auto cfg = ahead();
  cfg.replace_ahead = duration{0};
  aging f{cfg};
  auto timers = all<arm_timer>(f.became_ready);
  BOOST_TEST(std::none_of(timers.begin(), timers.end(), [](auto& x) {
    return x.which == timer::succession;
  }));
  BOOST_TEST(all<rent>(f.claim("a", t0 + 3'550)).empty());
}

BOOST_AUTO_TEST_CASE(gets_none_while_it_is_in_doubt_on_its_way_out_or_drained) {
  for (auto phase : {gpu_phase::draining, gpu_phase::stopping}) {
    aging f;
    f.claim("a", t0 + 3'500);
    f.x.on_gpu_update(launched(1, phase, t0), t0 + 3'505);
    BOOST_TEST(all<rent>(f.comes_of_age()).empty());
  }
  aging suspect;
  suspect.claim("a", t0 + 3'500);
  auto begun = launched(1, gpu_phase::ready, t0);
  begun.busy_slots = 1;
  suspect.x.on_gpu_update(begun, t0 + 3'501);
  suspect.x.on_job_ended(ended(1, "a", unavailable), t0 + 3'505);
  BOOST_TEST(all<rent>(suspect.comes_of_age()).empty());
  aging told;
  told.claim("a", t0 + 3'490);
  told.x.on_job_ended(ended(1, "a"), t0 + 3'495);
  auto out = told.wait("analyze", 1, t0 + 3'505);
  BOOST_TEST(all<supervisor::drain_gpu>(out).size() == 1u);
  BOOST_TEST(all<rent>(told.comes_of_age()).empty());
  aging drained;
  drained.claim("a", t0 + 3'500);
  drained.x.on_drain("test", t0 + 3'505);
  BOOST_TEST(all<rent>(drained.comes_of_age()).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_successor)

BOOST_AUTO_TEST_CASE(gets_the_next_job) {
  aging f;
  f.hands_over();
  auto out = f.claim("b", t0 + 3'541);
  BOOST_REQUIRE(all<run_on>(out).size() == 1u);
  BOOST_TEST(all<run_on>(out)[0].instance == 2u);
}

BOOST_AUTO_TEST_CASE(takes_the_place_of_its_predecessor_among_max_gpus) {
  aging f;
  f.gets_a_successor();
  auto launches = [&f](double now_s) {
    auto out = all<rent>(f.wait("csm", 5, now_s)).size();
    f.x.on_backlog({}, both(now_s));
    return out;
  };
  // Neither while both are there nor afterwards is there room for more.
  BOOST_TEST(launches(t0 + 3'520) == 0u);
  f.x.on_gpu_update(launched(2, gpu_phase::ready, t0 + 3'510), t0 + 3'540);
  f.x.on_job_ended(ended(1, "a"), t0 + 3'550);
  f.x.on_gpu_update(launched(1, gpu_phase::gone, t0), t0 + 3'600);
  BOOST_TEST(launches(t0 + 3'610) == 0u);
  f.x.on_gpu_update(launched(2, gpu_phase::gone, t0 + 3'510), t0 + 4'000);
  BOOST_TEST(launches(t0 + 4'010) == 1u);
}

BOOST_AUTO_TEST_CASE(takes_no_place_of_another_gpu) {
  aging f{ahead(2)};
  f.gets_a_successor();
  auto out = f.wait("analyze", 1, t0 + 3'520);
  BOOST_REQUIRE(all<rent>(out).size() == 1u);
  BOOST_TEST(all<rent>(out)[0].type == "ollama_webui:fast");
}

BOOST_AUTO_TEST_CASE(that_fails_is_launched_again_when_its_type_may_be) {
  aging f;
  f.gets_a_successor();
  auto failed = launched(2, gpu_phase::gone, 0);
  failed.failed = true;
  auto out = f.x.on_gpu_update(failed, t0 + 3'520);
  // The wait after a failed GPU: 5 s.
  BOOST_TEST(all<rent>(out).empty());
  auto due = timer_of(out, timer::succession);
  BOOST_TEST(due.delay.count() == 5'000);
  out = f.x.on_timer(due.which, due.generation, t0 + 3'525);
  BOOST_REQUIRE(all<rent>(out).size() == 1u);
  BOOST_TEST(all<rent>(out)[0].instance == 3u);
}

BOOST_AUTO_TEST_CASE(is_there_when_another_type_wants_room) {
  aging f;
  f.hands_over();
  auto out = f.wait("analyze", 1, t0 + 3'550);
  // The old one goes anyway, and makes no room.
  auto leaves = all<supervisor::drain_gpu>(out);
  BOOST_REQUIRE(leaves.size() == 1u);
  BOOST_TEST(leaves[0].instance == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
