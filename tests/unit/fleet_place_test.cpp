// When a worker of a fleet looks, which leaves the others to look in between.
#include "messages/fleet_place.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_turn)

BOOST_AUTO_TEST_CASE(is_none_for_a_worker_that_is_alone) {
  for (auto workers : {0u, 1u})
    BOOST_TEST((fleet_place{0.99, workers}.turn(300ms, 30s) == 0ms));
}

BOOST_AUTO_TEST_CASE(is_of_a_round_in_which_each_worker_has_its_own) {
  BOOST_TEST((fleet_place{0.5, 2}.turn(300ms, 30s) == 150ms));
  BOOST_TEST((fleet_place{0, 11}.turn(300ms, 30s) == 0ms));
  BOOST_TEST((fleet_place{0.25, 11}.turn(300ms, 30s) == 750ms));
  BOOST_TEST((fleet_place{0.75, 11}.turn(300ms, 30s) == 2'250ms));
}

BOOST_AUTO_TEST_CASE(is_no_longer_than_it_may_be_however_large_the_fleet) {
  BOOST_TEST((fleet_place{0.5, 101}.turn(300ms, 30s) == 15s));
  BOOST_TEST((fleet_place{0.5, 102}.turn(300ms, 30s) == 15s));
  BOOST_TEST((fleet_place{0.999, 4'000'000'000}.turn(300ms, 30s) == 29'970ms));
}

BOOST_AUTO_TEST_SUITE_END()
