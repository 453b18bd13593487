// A GPU that is given to another worker, and how old the lists may be by which
// a GPU's health is seen.
#include "messages/text/append.hpp"
#include "tests/unit/gpu_instance_cases.hpp"

using namespace render;
using namespace render::gpu_instance;

namespace {

gpu_workload listed(const std::string& node) {
  auto out = workload("w");
  out.node = gpu_host{node};
  return out;
}

/// Launched at t0.
struct fixture {
  explicit fixture(const std::string& node = "n") : x(media()) {
    x.start(both(t0));
    x.on_listed(list_purpose::before_launch, std::vector<gpu_workload>{},
                both(t0));
    x.on_ledger_written(intent, {}, t0);
    last = x.on_launched(listed(node), t0);
  }

  void becomes_ready() {
    armed(timer::list);
    x.on_probed("", {}, t0);
    x.on_probed("csm", {}, t0);
    BOOST_REQUIRE((x.phase() == gpu_phase::ready));
  }

  /// The timer goes off; the lists that are asked for.
  std::vector<list_workloads> lists_at(double now_s, timer which) {
    last = x.on_timer(which, armed(which).generation, now_s);
    for (auto& y : all<arm_timer>(last))
      timers[y.which] = y;
    return all<list_workloads>(last);
  }

  /// The look at the list that all GPUs of a worker make now.
  list_workloads look_at(double now_s, timer which = timer::list) {
    auto lists = lists_at(now_s, which);
    BOOST_REQUIRE(lists.size() == 1u);
    return lists[0];
  }

  arm_timer armed(timer which) {
    for (auto& y : all<arm_timer>(last))
      timers[y.which] = y;
    return timers[which];
  }

  void see(double now_s) {
    x.on_listed(list_purpose::health, std::vector<gpu_workload>{listed("n")},
                both(now_s));
  }

  void answers(double now_s, const result<void>& got = {}) {
    append(last, x.on_probed("", got, now_s));
  }

  policy x;
  effects last;
  std::map<timer, arm_timer> timers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_gpu_that_is_given_away, fixture)

BOOST_AUTO_TEST_CASE(ends_and_touches_neither_machine_nor_entry) {
  becomes_ready();
  auto out = x.on_given_away();
  BOOST_TEST((x.phase() == gpu_phase::gone));
  BOOST_TEST(all<stop>(out).empty());
  BOOST_TEST(all<close_ledger>(out).empty());
  BOOST_TEST(all<write_ledger>(out).empty());
  BOOST_TEST(all<quit>(out).size() == 1u);
  auto told = all<report>(out);
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(!told.back().update.failed);
  BOOST_TEST(!told.back().update.leaked);
}

// Its own words come one after the other: idle, then given away.
BOOST_AUTO_TEST_CASE(is_not_stopped_when_it_was_about_to) {
  becomes_ready();
  x.on_drain("test", t0);
  BOOST_TEST(all<stop>(x.on_given_away()).empty());
  BOOST_TEST(x.on_ledger_written({}, fail(failure_kind::unavailable, "cut"), t0)
               .empty());
  BOOST_TEST((x.phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_look_at_the_list, fixture)

BOOST_AUTO_TEST_CASE(takes_one_of_a_few_seconds_ago) {
  becomes_ready();
  BOOST_TEST(look_at(t0 + 15).age.count() == 5'000);
  see(t0 + 15.2);
  BOOST_TEST(look_at(t0 + 30).age.count() == 5'000);
}

// Else one list that does not show the GPU would count as two.
BOOST_AUTO_TEST_CASE(never_takes_the_same_one_twice) {
  becomes_ready();
  look_at(t0 + 15);
  see(t0 + 15.2);
  BOOST_TEST(look_at(t0 + 17).age.count() <= 1'800);
}

BOOST_AUTO_TEST_CASE(is_made_by_all_gpus_at_the_same_time) {
  config cfg;
  for (auto now_s : {t0, t0 + 0.001, t0 + 3.3, t0 + 9.8}) {
    auto next_s = now_s
                  + static_cast<double>(until_common_look(cfg, now_s).count())
                      / 1000;
    BOOST_TEST(std::abs(next_s - (t0 + 10)) < 0.002, now_s - t0);
  }
  // The timer may fire too early, and none is armed for the same look again.
  for (auto now_s : {t0 + 9.99, t0 + 10, t0 + 10.3})
    BOOST_TEST(until_common_look(cfg, now_s).count() >= 14'600);
}

// Its machine answers, so only the list shows that it is another's by now.
BOOST_AUTO_TEST_CASE(shows_a_lost_gpu_within_two_looks) {
  becomes_ready();
  auto look_without_it = [&](double now_s) {
    look_at(now_s);
    return x.on_listed(list_purpose::health, std::vector<gpu_workload>{},
                       both(now_s));
  };
  look_at(t0 + 40);
  see(t0 + 40);
  BOOST_TEST(look_without_it(t0 + 55).empty());
  BOOST_TEST((x.phase() == gpu_phase::ready));
  look_without_it(t0 + 70);
  BOOST_TEST((x.phase() == gpu_phase::stopping));
}

BOOST_AUTO_TEST_CASE(is_no_part_of_a_probe_that_is_answered) {
  becomes_ready();
  BOOST_TEST(lists_at(t0 + 15, timer::health).empty());
  BOOST_TEST(all<probe>(last).size() == 1u);
  answers(t0 + 15.1);
  BOOST_TEST(lists_at(t0 + 30, timer::health).empty());
}

BOOST_AUTO_TEST_CASE(is_made_at_once_when_a_probe_is_not_answered) {
  becomes_ready();
  lists_at(t0 + 15, timer::health);
  answers(t0 + 20, fail(unavailable));
  BOOST_TEST(lists_at(t0 + 22, timer::health).size() == 1u);
}

BOOST_AUTO_TEST_CASE(is_made_at_once_when_a_render_has_failed_for_the_gpu) {
  becomes_ready();
  x.on_run_job(task("a"));
  last = x.on_render_ended("a", failed_outcome(unavailable));
  BOOST_TEST(lists_at(t0 + 9, timer::health).size() == 1u);
  // Once.
  answers(t0 + 9.1);
  BOOST_TEST(lists_at(t0 + 24, timer::health).empty());
}

BOOST_AUTO_TEST_CASE(takes_a_new_one_when_its_entry_may_be_anothers) {
  becomes_ready();
  auto lists = all<list_workloads>(x.on_ledger_doubt());
  BOOST_REQUIRE(lists.size() == 1u);
  BOOST_TEST(lists[0].age.count() == 0);
}

BOOST_AUTO_TEST_CASE(of_a_launch_takes_a_new_one) {
  policy y{media()};
  auto lists = all<list_workloads>(y.start(both(t0)));
  BOOST_REQUIRE(lists.size() == 1u);
  BOOST_TEST(lists[0].age.count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// However many of them boot.
BOOST_AUTO_TEST_CASE(a_gpu_without_a_name_looks_at_a_list_every_two_seconds) {
  fixture f{""};
  auto lists = all<list_workloads>(f.last);
  BOOST_REQUIRE(lists.size() == 1u);
  BOOST_TEST(lists[0].age.count() == 2'000);
  f.x.on_listed(list_purpose::health, std::vector<gpu_workload>{}, both(t0));
  BOOST_TEST(f.lists_at(t0 + 1.9, timer::boot_probe).empty());
  BOOST_TEST(f.lists_at(t0 + 2, timer::boot_probe).size() == 1u);
}
