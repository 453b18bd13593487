// Thousands of random plays against a SUPERVISOR's policy. A play that breaks a
// rule names its seed.
#include "tests/unit/supervisor_play.hpp"

using namespace render::supervisor;

BOOST_AUTO_TEST_CASE(no_order_of_events_breaks_a_rule_of_the_supervisor) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed)
    try {
      play{seed}.run();
    } catch (const std::exception& broken) {
      BOOST_ERROR("seed " << seed << ": " << broken.what());
      break;
    }
}

BOOST_AUTO_TEST_CASE(a_supervisor_does_the_same_when_the_wall_clock_is_set) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    play calm{seed, false};
    play jumpy{seed, true};
    calm.run();
    jumpy.run();
    BOOST_TEST_REQUIRE((calm.story() == jumpy.story()), "seed " << seed);
  }
}
