// How GPUs are used, samples in equal steps, and jobs at risk.
#include "app/records/picture.hpp"
#include "app/records/risk.hpp"
#include "app/records/usage.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::records;

namespace {

open_gpu gpu(const std::string& id, const std::string& state, double rented_s,
             const std::string& rate = "") {
  record fields{{"state", state}};
  if (!rate.empty())
    fields["paid_rate"] = rate;
  return {id, fields, 20, rented_s, rented_s};
}

using maybe = std::optional<double>;

/// One worker with one slot that is taken, whose runs take 10 to 20 s.
waits one_slot(double now_s) {
  outlook x;
  outlook::type type;
  type.facts.type = workload_type{"media:fast"};
  type.facts.gpus = 1;
  type.facts.runs_left_s = {5};
  type.facts.boot = {9, 60, 90};
  type.facts.runs[0] = {9, 10, 20};
  type.kinds = {job_kind::csm};
  x.types = {type};
  return waits::of({{x, 0}}, now_s);
}

std::string ids(const std::vector<risky_job>& xs) {
  std::string out;
  for (auto& x : xs)
    out += x.id + " ";
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fleet_use_and_risk)

BOOST_AUTO_TEST_CASE(the_state_follows_the_weightiest_finding) {
  fleet_picture x;
  BOOST_TEST(state_of(x) == "no_worker");
  x.seen.workers = {{"w1", {{"seen_at", "1"}, {"draining", "0"}}, 2},
                    {"w2", {{"seen_at", "1"}, {"draining", "1"}}, 2}};
  BOOST_TEST(state_of(x) == "ok");
  finding warned{weight::warning, "a", "", "", "a"};
  finding failed{weight::problem, "b", "", "", "b"};
  x.found.findings = {warned};
  BOOST_TEST(state_of(x) == "attention");
  BOOST_TEST(x.found.well());
  x.found.findings = {warned, failed, warned};
  BOOST_TEST(state_of(x) == "problem");
  BOOST_TEST(!x.found.well());
  x.found.findings = {failed};
  BOOST_TEST(state_of(x) == "problem");
  // What somebody wanted so goes first.
  x.seen.workers.erase(x.seen.workers.begin());
  BOOST_TEST(state_of(x) == "draining");
  x.seen.pause = {{"since", "1"}};
  BOOST_TEST(state_of(x) == "paused");
}

BOOST_AUTO_TEST_CASE(only_launched_gpus_are_rented) {
  auto use = use_of({}, {});
  BOOST_TEST(use.rented == 0u);
  BOOST_TEST(!use.micro_per_hour.has_value());
  use = use_of({gpu("a", "intent", 0, "9"), gpu("b", "running", 10, "1200000"),
                gpu("c", "ready", 10, "300000"), gpu("d", "ready", 10),
                gpu("e", "stopping", 10)},
               {"c", ""});
  BOOST_TEST(use.rented == 4u);
  BOOST_TEST(use.idle == 1u);
  BOOST_TEST(use.micro_per_hour.value_or(0) == 1'500'000);
}

BOOST_AUTO_TEST_CASE(what_is_rented_accrues) {
  auto got = accrued_since({gpu("a", "ready", 7'200, "1000000"),
                            gpu("b", "ready", 1'800), gpu("c", "intent", 0)},
                           100'000 - 3'600, 100'000);
  BOOST_TEST(got.ms == 5'400'000);
  BOOST_TEST(got.micro == 1'000'000);
  BOOST_TEST(accrued_since({gpu("a", "ready", 7'200)}, 200, 100).ms == 0);
}

BOOST_AUTO_TEST_CASE(samples_are_the_means_of_their_steps) {
  std::vector<sample> xs{{599, 9, 9, 9, 9.0, 0.9},  {600, 1, 2, 1, 0.5, 0.2},
                         {660, 3, 4, 3, {}, 0.4},   {1'199, 5, 5, 0, {}, {}},
                         {1'200, 7, 7, 0, 7.0, {}}, {5'000, 8, 8, 0, 8.0, 1.0}};
  auto got = grid_of(xs, 1'250, 300, 3);
  BOOST_TEST(got.from_s == 600);
  BOOST_TEST(got.step_s == 300);
  BOOST_TEST((got.waiting == std::vector<maybe>{2.0, 5.0, 7.0}));
  BOOST_TEST((got.running == std::vector<maybe>{3.0, 5.0, 7.0}));
  BOOST_TEST((got.usd_per_hour == std::vector<maybe>{0.5, {}, 7.0}));
  BOOST_TEST(got.idle_share[0].value_or(0) == 0.3,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!got.idle_share[2].has_value());
  BOOST_TEST(idle_share_since(xs, 600).value_or(0) == 1.4 / 4,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(!idle_share_since(xs, 1'199).has_value());
  got = grid_of({}, 100, 300, 2);
  BOOST_TEST((got.waiting == std::vector<maybe>{{}, {}}));
}

BOOST_AUTO_TEST_CASE(jobs_are_at_risk_by_what_runs_took) {
  auto all = one_slot(1'000);
  // Begins in 5 s or so, and runs for 10 to 20 s.
  std::vector<queued_job> queue{{"far", "csm", "queued", 990, 9'000},
                                {"late", "csm", "queued", 990, 1'020},
                                {"passed", "csm", "queued", 990, 999},
                                {"none", "csm", "queued", 990, 0},
                                {"ended", "csm", "cancelled", 990, 1'020},
                                {"nobody", "whisper", "queued", 990, 1'001},
                                {"soon", "csm", "queued", 990, 1'010}};
  auto running = [](const std::string& id, const std::string& began,
                    const std::string& by, const std::string& type = "csm") {
    return leased_job{
      id, {{"type", type}, {"started_at", began}, {"complete_by", by}}, 20};
  };
  auto got = jobs_at_risk(all, queue,
                          {running("runs", "995", "1014"),
                           running("fine", "995", "1016"),
                           running("over", "900", "999"),
                           running("unknown", "995", "1001", "whisper")});
  BOOST_TEST(ids(got) == "soon runs late ");
  BOOST_TEST(jobs_at_risk(all, {}, {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
