// What c3-sim makes of its options, and the runs of the seed corpus.
#define BOOST_TEST_MODULE run_options
#include "app/simulator/corpus.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <map>

using namespace render;
using namespace render::simulator;

namespace {

std::string refusal(const run_options& o) {
  auto got = make_run(o);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::invalid_input));
  return got.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(options_are_those_of_the_run) {
  run_options o;
  o.seed = 7;
  o.nodes = 5;
  o.hours = 2;
  o.jobs = 30;
  o.trace = "steady";
  o.faults = "gpu-death,receivers";
  o.faults_per_hour = 3;
  o.settings = {"MAX_GPUS=2", "C3_API_KEY=a=b"};
  auto run = make_run(o);
  BOOST_TEST_REQUIRE(run.has_value());
  BOOST_TEST(run->seed == 7u);
  BOOST_TEST(run->nodes == 5u);
  BOOST_TEST(run->hours == 2);
  BOOST_TEST(run->jobs.size() == 30u);
  BOOST_TEST((run->faults == harness::fault_set{"gpu-death", "receivers"}));
  BOOST_TEST(run->faults_per_hour == 3);
  BOOST_TEST(run->settings["MAX_GPUS"] == "2");
  BOOST_TEST(run->settings["C3_API_KEY"] == "a=b");
}

BOOST_AUTO_TEST_CASE(a_wrong_option_is_named) {
  BOOST_TEST(refusal({.trace = "./nowhere.jsonl"})
             == "--trace: ./nowhere.jsonl cannot be read");
  BOOST_TEST(refusal({.faults = "bad-luck"}).find("--faults: bad-luck") == 0u);
  BOOST_TEST(refusal({.settings = {"MAX_GPUS"}})
             == "--set: accepted is NAME=VALUE");
  BOOST_TEST(refusal({.settings = {"LAUNCH_POLICY=contract"}})
             == "--set: LAUNCH_POLICY is set by --policy");
}

BOOST_AUTO_TEST_CASE(a_recorded_queue_is_as_long_as_it_is) {
  harness::temp_folder folder;
  run_options o;
  o.trace = folder.path("queue.jsonl");
  std::ofstream{o.trace} << R"({"type":"csm","created_at":1000,"duration":3})"
                         << '\n'
                         << R"({"type":"csm","created_at":2800,"duration":3})"
                         << '\n';
  o.hours = 0;
  BOOST_TEST(make_run(o)->hours == 0.5);
  o.hours = 3;
  BOOST_TEST(make_run(o)->hours == 3);
}

BOOST_AUTO_TEST_CASE(the_corpus_has_runs_of_every_kind) {
  std::map<std::string, int> traces, policies, sizes, settings;
  for (uint64_t seed = 1; seed <= 230; ++seed) {
    auto x = corpus_options(seed);
    BOOST_TEST(x.seed == seed);
    ++traces[x.trace];
    ++policies[x.policy];
    ++sizes[std::to_string(x.nodes)];
    ++settings[x.settings.empty() ? "default" : x.settings[0]];
    auto run = corpus_run(seed);
    BOOST_TEST(run.settings["LAUNCH_POLICY"] == x.policy);
    auto quiet = is_calm(seed) && !is_storm(seed);
    BOOST_TEST((run.faults == harness::fault_set{"receivers"}) == quiet);
  }
  BOOST_TEST(traces.size() == 5u);
  BOOST_TEST(policies["contract"] == 32);
  BOOST_TEST(sizes["40"] == 23);
  BOOST_TEST(settings["MAX_GPUS=3"] == 76);
}

BOOST_AUTO_TEST_CASE(seeds_above_a_million_have_every_kind_of_fault) {
  auto kinds = harness::fault_kinds().size();
  BOOST_TEST(corpus_run(1'000'001).faults.size() == kinds);
  BOOST_TEST(harness::parse_faults("all")->size() == kinds);
  auto safe = *harness::parse_faults("safe");
  for (auto name :
       {"disk-full", "storage-down", "actor-death", "clock-jumps", "hung-dns"})
    BOOST_TEST(!safe.contains(name));
  // They keep their runs.
  BOOST_TEST(safe.size() == 25u);
  BOOST_TEST((*harness::parse_faults("surroundings")
              == harness::fault_set{"disk-full", "storage-down"}));
}

BOOST_AUTO_TEST_CASE(other_faults_have_no_storms) {
  auto x = corpus_options(15, "gpu-death");
  BOOST_TEST(x.faults == "gpu-death");
  BOOST_TEST(x.nodes == 4u);
}
