// PRE_LAUNCH_TIMEOUT, and the retries of a launch: after 5, 15, 30, 45 s.
#include "tests/scenario/rule_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(rule_launch)

BOOST_AUTO_TEST_CASE(a_worker_without_a_gpu_waits_its_time_and_launches) {
  rule_world s{
    {{"PRE_LAUNCH_TIMEOUT", "20"}, {"PRE_LAUNCH_TIMEOUT_MAX", "20"}}};
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  auto pushed = s.ms();
  s.when_a_job_is_pushed("whisper", 5);
  s.after(60);
  auto launches = s.times_of("api.sim/launch");
  BOOST_TEST_REQUIRE(!launches.empty());
  BOOST_TEST(launches[0] - pushed == 20'000);
}

BOOST_AUTO_TEST_CASE(the_wait_is_drawn_from_the_range) {
  rule_world s;
  s.given_a_provider_that_refuses();
  s.given_workers(8);
  auto pushed = s.ms();
  s.when_a_job_is_pushed("whisper", 5);
  s.after(32);
  std::set<int64_t> seen;
  for (auto at : s.times_of("api.sim/launch"))
    if (seen.insert(at).second)
      BOOST_TEST(at - pushed >= 15'000);
  BOOST_TEST(*seen.begin() - pushed <= 30'000);
  // All the same would be a herd.
  BOOST_TEST(seen.size() >= 8u);
}

BOOST_AUTO_TEST_CASE(a_refused_launch_is_tried_five_times) {
  rule_world s{{{"PRE_LAUNCH_TIMEOUT", "1"}, {"PRE_LAUNCH_TIMEOUT_MAX", "1"}}};
  s.given_a_provider_that_refuses();
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  s.after(97);
  auto gaps = rule_world::gaps(s.times_of("api.sim/launch"));
  BOOST_TEST(gaps == (std::vector<int64_t>{5'000, 15'000, 30'000, 45'000}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(expires_is_now_and_the_greatest_lifetime) {
  rule_world s{{{"DEFAULT_GPU_LAUNCH", "5000"},
                {"PRE_LAUNCH_TIMEOUT", "1"},
                {"PRE_LAUNCH_TIMEOUT_MAX", "1"}}};
  s.given_workers(1);
  s.when_a_job_is_pushed("whisper", 5);
  s.until([&] {
    return s.gpus_running() == 1;
  });
  for (auto& x : s.requests())
    if (x.where == "api.sim/launch")
      BOOST_TEST(
        x.body.find("\"expires\":"
                    + std::to_string(static_cast<int64_t>(virtual_epoch_s)
                                     + x.at_ms / 1000 + 5000))
        != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
