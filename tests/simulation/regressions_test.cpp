// Seeds that once broke a rule, by the name of what was wrong. They stay.
#define BOOST_TEST_MODULE regressions
#include "app/simulator/corpus.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::simulator;

namespace {

/// The options of `c3-sim` that the failure was seen with.
struct seen_with {
  std::string trace;
  std::string faults = "none";
  double faults_per_hour = 4;
  size_t jobs = 100;
  size_t nodes = 4;
  double hours = 1;
  std::string policy = "contract";
};

fleet_outcome run(uint64_t seed, const seen_with& x) {
  run_options out;
  out.seed = seed;
  out.nodes = x.nodes;
  out.hours = x.hours;
  out.jobs = x.jobs;
  out.trace = x.trace;
  out.faults = x.faults;
  out.faults_per_hour = x.faults_per_hour;
  return run_fleet(with_policy(*make_run(out), x.policy));
}

void expect_whole(const fleet_outcome& x) {
  BOOST_TEST(!x.broken, (x.broken ? describe(*x.broken) : ""));
}

} // namespace

// Both were launched within a second, the answer to one was lost, and the list
// showed only the other.
BOOST_AUTO_TEST_CASE(a_lost_answer_does_not_take_another_workers_gpu) {
  for (uint64_t seed : {3, 5, 28, 36})
    expect_whole(run(seed, {"bursty", "launch-lost,list-lag", 8}));
}

// An idle GPU made room for another type: for jobs that had waited when its
// worker last looked, while it was busy, and which others had taken since.
BOOST_AUTO_TEST_CASE(no_gpu_makes_room_for_jobs_that_wait_no_more) {
  for (uint64_t seed : {5, 11, 23})
    expect_whole(run(seed, {.trace = "steady", .nodes = 60, .hours = 0.05}));
}

// Its GPU had died; while it waited for the next one, its worker was cut off
// from Redis until the lease had run out.
BOOST_AUTO_TEST_CASE(a_job_that_waited_for_its_next_gpu_is_still_ours) {
  expect_whole(
    run(32, {.trace = "sparse", .faults = "safe", .policy = "ledger"}));
}

// Redis was full and slow: the write's next try was due before the refusal of
// the one before was heard, and was the last.
BOOST_AUTO_TEST_CASE(an_end_is_written_however_late_it_was_refused) {
  for (uint64_t seed : {12, 32, 41, 162})
    expect_whole(run(seed, {"bursty", "safe", 20, 300, 40, 0.2, "ledger"}));
}

// Redis lost everything seconds after a front end had cancelled the job: its
// worker wrote it again, as its own.
BOOST_AUTO_TEST_CASE(a_cancelled_job_stays_cancelled) {
  for (uint64_t seed : {13, 30, 71})
    expect_whole(run(seed, {"bursty", "safe", 20, 300, 40, 0.2, "ledger"}));
}

// It was another worker's, which had stopped it: the list showed it still, and
// not yet our own.
BOOST_AUTO_TEST_CASE(no_launch_takes_a_gpu_that_was_stopped) {
  expect_whole(run(120, {"bursty", "safe", 20, 300, 40, 0.2, "ledger"}));
}

// Redis had been restarted and did not know the script: the withdrawal of the
// intent was sent again, and undid the next one.
BOOST_AUTO_TEST_CASE(each_launch_stands_in_the_ledger_first) {
  for (uint64_t seed : {15, 80})
    expect_whole(run(seed, {"bursty", "safe,-redis-amnesia,-redis-failover", 60,
                            300, 40, 0.2, "ledger"}));
}

// Its GPU had died, and its worker waited for a machine that never booted while
// others had nothing to do.
BOOST_AUTO_TEST_CASE(a_job_does_not_wait_for_its_own_workers_next_gpu) {
  for (uint64_t seed : {223, 424, 615, 747})
    expect_whole(run(seed, {"bursty", "safe", 20, 300, 40, 0.2, "ledger"}));
}

BOOST_AUTO_TEST_CASE(a_killed_worker_leaves_nothing_behind) {
  for (uint64_t seed : {1, 2, 3})
    expect_whole(run(seed, {"steady", "process-death", 40, 200}));
}

// Its worker was dead. Redis lost it again after the journal had written it
// once; or the journal of the dead wrote it before its new owner did.
BOOST_AUTO_TEST_CASE(a_dead_workers_gpu_survives_several_losses) {
  for (uint64_t seed : {3956, 3977})
    expect_whole(run_fleet(corpus_run(seed)));
}
