// The same seed gives the same run, message for message. For whole fleets
// under faults see tests/simulation/determinism_test.cpp.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

namespace {

struct run {
  uint64_t hash = 0;
  uint64_t messages = 0;
  double ended_s = 0;
};

run run_of(uint64_t seed) {
  fleet_scenario s{seed};
  s.given_workers(2);
  for (auto* type : {"csm", "whisper", "portrait", "analyze"})
    s.when_a_job_is_pushed(type, 20);
  s.until([&] {
    return s.status(0) == "success" && s.status(1) == "success"
           && s.status(2) == "success" && s.status(3) == "success";
  });
  return {s.world->time.hash(), s.world->time.messages(), s.now_s()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(promise_5_same_seed)

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  auto first = run_of(7);
  auto second = run_of(7);
  BOOST_TEST(first.hash == second.hash);
  BOOST_TEST(first.messages == second.messages);
  BOOST_TEST(first.ended_s == second.ended_s);
  BOOST_TEST(first.messages > 500u);
}

BOOST_AUTO_TEST_CASE(another_seed_gives_another_run) {
  BOOST_TEST(run_of(7).hash != run_of(8).hash);
}

BOOST_AUTO_TEST_SUITE_END()
