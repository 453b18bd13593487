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
    x.on_probed("", {}, t0);
    x.on_probed("csm", {}, t0);
    BOOST_REQUIRE((x.phase() == gpu_phase::ready));
  }

  /// The look at its health that begins now.
  list_workloads look_at(double now_s) {
    for (auto& timer : all<arm_timer>(last))
      if (timer.which == timer::health)
        health = timer;
    last = x.on_timer(timer::health, health.generation, now_s);
    auto lists = all<list_workloads>(last);
    BOOST_REQUIRE(lists.size() == 1u);
    return lists[0];
  }

  void see(double now_s) {
    x.on_listed(list_purpose::health, std::vector<gpu_workload>{listed("n")},
                both(now_s));
    append(last, x.on_probed("", {}, now_s));
  }

  policy x;
  effects last;
  arm_timer health;
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

// Readiness is seen within 2 % of the boot's time.
BOOST_AUTO_TEST_CASE(a_gpu_without_a_name_takes_a_list_as_old_as_its_probes) {
  fixture f{""};
  auto lists = all<list_workloads>(f.last);
  BOOST_REQUIRE(lists.size() == 1u);
  BOOST_TEST(lists[0].age.count() <= 50);
}
