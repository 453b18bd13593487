// How long things take, from what they took.
#include "actors/supervisor/estimates.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace render;
using namespace render::supervisor;

BOOST_AUTO_TEST_SUITE(estimates_of_times)

BOOST_AUTO_TEST_CASE(are_quantiles_of_the_last_samples) {
  recent_times x;
  BOOST_TEST(x.summary(0).count == 0u);
  for (int i = 1; i <= 10; ++i)
    x.add(i, 0);
  auto got = x.summary(0);
  BOOST_TEST(got.count == 10u);
  BOOST_TEST(got.median_s == 5);
  BOOST_TEST(got.ninth_s == 9);
  for (size_t i = 0; i < recent_times::most; ++i)
    x.add(40, 1);
  BOOST_TEST(x.summary(1).count == recent_times::most);
  BOOST_TEST(x.summary(1).median_s == 40);
}

BOOST_AUTO_TEST_CASE(forget_what_is_old_and_what_is_no_time) {
  recent_times x;
  x.add(3, 0);
  x.add(std::numeric_limits<double>::quiet_NaN(), 0);
  x.add(-1, 0);
  BOOST_TEST(x.summary(recent_times::longest_s).count == 1u);
  BOOST_TEST(x.summary(recent_times::longest_s + 1).count == 0u);
}

BOOST_AUTO_TEST_CASE(of_several_workers_weigh_by_samples) {
  auto got = merged({{1, 10, 20}, {3, 30, 40}, {}});
  BOOST_TEST(got.count == 4u);
  BOOST_TEST(got.median_s == 25);
  BOOST_TEST(got.ninth_s == 35);
  // No liar counts for more than a worker can have measured, or makes a time
  // of what is none.
  auto nan = std::numeric_limits<double>::quiet_NaN();
  got = merged({{32, 10, 10}, {4'000'000'000, 1'000, 1'000}, {9, nan, 1}});
  BOOST_TEST(got.count == 64u);
  BOOST_TEST(got.median_s == 505);
}

BOOST_AUTO_TEST_CASE(come_to_a_mean) {
  BOOST_TEST(mean_of({}, 7) == 7);
  // Of an exponential distribution, and of one time.
  BOOST_TEST(mean_of({9, 6.93, 23.03}, 7) == 10,
             boost::test_tools::tolerance(0.01));
  BOOST_TEST(mean_of({9, 5, 5}, 7) == 5);
}

BOOST_AUTO_TEST_SUITE_END()
