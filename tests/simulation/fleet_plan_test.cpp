// Workers that know of each other: no rule breaks, whatever their words are,
// and no more is rented than the work needs.
#define BOOST_TEST_MODULE cluster
#include "app/simulator/corpus.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::simulator;

namespace {

fleet_options cluster(run_options x) {
  return with_policy(*make_run(x), "cluster");
}

run_options one_job() {
  run_options out;
  out.nodes = 10;
  out.jobs = 1;
  out.hours = 0.1;
  out.trace = "queue";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(no_rule_breaks_whatever_the_others_say) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    auto x = run_fleet(cluster(corpus_options(seed, "all")));
    BOOST_TEST(!x.broken, (x.broken ? describe(*x.broken) : ""));
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  auto options = cluster(corpus_options(4, "all"));
  BOOST_TEST(run_fleet(options).hash == run_fleet(options).hash);
}

BOOST_AUTO_TEST_CASE(ten_workers_launch_one_gpu_for_one_job) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto options = one_job();
    options.seed = seed;
    auto x = run_fleet(cluster(options));
    BOOST_TEST(x.succeeded == 1u);
    BOOST_TEST(x.launches == 1u);
  }
}

BOOST_AUTO_TEST_CASE(bursts_of_short_jobs_get_no_gpu_a_job) {
  run_options options;
  options.nodes = 10;
  options.jobs = 300;
  options.hours = 2;
  options.trace = "bursty";
  auto alone = run_fleet(with_policy(*make_run(options), "ledger"));
  auto together = run_fleet(cluster(options));
  BOOST_TEST(together.rented_s < 0.7 * alone.rented_s);
}
