// The same seed gives the same run, message for message; another seed another.
#define BOOST_TEST_MODULE determinism
#include "app/simulator/corpus.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render::simulator;

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_messages_in_the_same_order) {
  // The last two with every kind of fault.
  for (uint64_t seed : {1, 2, 3, 4, 5, 1'000'001, 1'000'002}) {
    auto first = run_fleet(corpus_run(seed));
    auto second = run_fleet(corpus_run(seed));
    BOOST_TEST(first.hash == second.hash);
    BOOST_TEST(first.messages == second.messages);
    BOOST_TEST(first.redis_commands == second.redis_commands);
    BOOST_TEST(first.messages > 10'000u);
  }
}

BOOST_AUTO_TEST_CASE(recording_a_run_does_not_change_it) {
  auto options = corpus_run(7);
  auto first = run_fleet(options);
  options.record_from_s = 0;
  options.record_limit = 100;
  auto second = run_fleet(options);
  BOOST_TEST(first.hash == second.hash);
  BOOST_TEST(second.recorded.size() == 100u);
}

BOOST_AUTO_TEST_CASE(different_seeds_give_different_runs) {
  std::set<uint64_t> hashes;
  // The same trace and no faults: only the order and the delays differ.
  auto options = corpus_run(5, "none");
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    options.seed = seed;
    hashes.insert(run_fleet(options).hash);
  }
  BOOST_TEST(hashes.size() == 8u);
}
