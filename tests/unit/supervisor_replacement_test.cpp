// The age at which each worker's GPUs are retired.
#include "actors/supervisor/replacement.hpp"
#include "messages/worker_place.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace render::supervisor;
using render::worker_place;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(the_age_of_retirement)

BOOST_AUTO_TEST_CASE(is_never_above_the_setting_nor_far_below) {
  BOOST_TEST((staggered_age(3600s, 0) == 3060s));
  BOOST_TEST((staggered_age(3600s, 0.5) == 3330s));
  BOOST_TEST((staggered_age(3600s, 1) == 3600s));
}

BOOST_AUTO_TEST_CASE(is_the_same_for_the_same_worker) {
  BOOST_TEST(worker_place("host-7-a1b2") == worker_place("host-7-a1b2"));
  BOOST_TEST(worker_place("host-7-a1b2") != worker_place("host-7-a1b3"));
}

// Ids of a fleet may differ in their last digit alone.
BOOST_AUTO_TEST_CASE(is_spread_over_a_fleet) {
  for (const auto* prefix : {"w", "render-worker-", ""}) {
    std::vector<double> places;
    for (int i = 1; i <= 100; ++i)
      places.push_back(
        worker_place(render::worker_id{prefix + std::to_string(i)}));
    for (int tenth = 0; tenth < 10; ++tenth) {
      auto inside = std::count_if(places.begin(), places.end(), [&](auto x) {
        return x >= tenth / 10.0 && x < (tenth + 1) / 10.0;
      });
      BOOST_TEST(inside >= 2);
      BOOST_TEST(inside <= 20);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
