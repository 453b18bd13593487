// How many warm GPUs the traffic is worth.
#include "actors/supervisor/traffic.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::supervisor;

namespace {

traffic::times quick() {
  return {45, 10, 1, 1};
}

/// A burst of so many jobs every `gap_s`, each a run long on as many GPUs.
traffic bursts(uint64_t jobs, double gap_s, const traffic::times& t = quick(),
               double hours = 2) {
  traffic x;
  for (double at = 0; at < hours * 3'600; at += gap_s) {
    x.on_jobs(jobs, t, at);
    x.on_jobs(0, t, at + t.run_s);
  }
  return x;
}

uint32_t worth(const traffic& x) {
  return x.worth(2 * 3'600);
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_worth_of_warm_gpus)

BOOST_AUTO_TEST_CASE(is_none_without_jobs) {
  traffic x;
  BOOST_TEST(x.worth(1'000) == 0u);
  BOOST_TEST(x.is_young(1'000));
  x.on_jobs(1, quick(), 1'000);
  BOOST_TEST(x.is_young(1'100));
  BOOST_TEST(!x.is_young(2'000));
}

BOOST_AUTO_TEST_CASE(grows_with_the_rate) {
  BOOST_TEST(worth(bursts(1, 60)) == 1u);
  // A cold start now and then costs less than a GPU in between.
  BOOST_TEST(worth(bursts(1, 600)) == 0u);
}

BOOST_AUTO_TEST_CASE(grows_with_the_bursts) {
  auto of_three = worth(bursts(3, 60));
  BOOST_TEST(of_three >= 2u);
  BOOST_TEST(of_three <= 3u);
  auto of_thirty = worth(bursts(30, 60));
  BOOST_TEST(of_thirty > of_three);
  BOOST_TEST(of_thirty < 30u);
}

BOOST_AUTO_TEST_CASE(falls_with_patience) {
  auto patient = quick();
  patient.patience = 8;
  BOOST_TEST(worth(bursts(1, 60, patient)) == 0u);
  auto hasty = quick();
  hasty.patience = 0.1;
  BOOST_TEST(worth(bursts(1, 600, hasty)) == 1u);
}

BOOST_AUTO_TEST_CASE(counts_the_slots_of_a_gpu) {
  auto shared = quick();
  shared.slots = 3;
  BOOST_TEST(worth(bursts(3, 60, shared)) == 1u);
}

BOOST_AUTO_TEST_CASE(is_forgotten) {
  auto x = bursts(3, 30);
  BOOST_TEST(x.worth(2 * 3'600) > 0u);
  BOOST_TEST(x.worth(5 * 3'600) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
