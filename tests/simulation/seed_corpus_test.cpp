// Two hundred seeds of a hundred jobs under faults, twenty calm ones, and some
// with every kind of fault: after every event the rules hold. `c3-sim --corpus
// SEED` shows a broken one.
#define BOOST_TEST_MODULE seed_corpus
#include "app/simulator/corpus.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::simulator;

namespace {

void expect_whole(uint64_t seed) {
  auto out = run_fleet(corpus_run(seed));
  if (out.broken)
    BOOST_ERROR("seed " << seed << " at "
                        << static_cast<double>(out.broken->when.count()) / 1e9
                        << " s: " << describe(*out.broken));
  BOOST_TEST(out.jobs == (is_storm(seed) ? 300u : 100u));
  BOOST_TEST((is_calm(seed) || out.fault_events > 10u));
}

} // namespace

BOOST_AUTO_TEST_CASE(no_seed_breaks_a_rule) {
  for (uint64_t seed = 1; seed <= CORPUS_SEEDS; ++seed)
    if (seed % CORPUS_PARTS == CORPUS_PART)
      expect_whole(seed);
}

// Full disks, a storage that is down, parts that end, clocks that jump and
// names that hang, besides all the rest.
BOOST_AUTO_TEST_CASE(no_seed_with_all_faults_breaks_a_rule) {
  for (uint64_t seed = 1'000'001; seed <= 1'000'000 + CORPUS_SEEDS / 5; ++seed)
    if (seed % CORPUS_PARTS == CORPUS_PART && !is_storm(seed) && !is_calm(seed))
      expect_whole(seed);
}
