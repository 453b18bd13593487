// The account's list of workloads is asked for once a worker and not once a
// GPU, and is as new as its asker needs it.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace render::harness;

namespace {

/// Lists within an hour in which each GPU of the worker renders.
double lists_an_hour(size_t gpus) {
  fleet_scenario s{1,
                   {{"MAX_GPUS", std::to_string(gpus)},
                    {"PRE_LAUNCH_TIMEOUT", "0"},
                    {"PRE_LAUNCH_TIMEOUT_MAX", "30"},
                    {"JOBS_PER_GPU", "1"},
                    {"GPU_LIFETIME", "7200"}}};
  s.given_workers(1);
  std::vector<size_t> jobs;
  for (size_t i = 0; i < gpus; ++i) {
    sim_job x;
    x.type = "portrait";
    x.duration_s = 1'300;
    jobs.push_back(s.when_this_is_pushed(std::move(x)));
    // GPUs of many ages.
    s.after(100.0 / static_cast<double>(gpus));
  }
  s.until([&] {
    return s.renders_running() == gpus;
  });
  s.after(30);
  auto before = s.world->cloud.list_calls();
  s.after(900);
  BOOST_TEST(s.renders_running() == gpus);
  BOOST_TEST(s.broken_rule() == "");
  return static_cast<double>(s.world->cloud.list_calls() - before) * 4;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_list_of_the_account)

BOOST_AUTO_TEST_CASE(is_asked_for_every_15_s_for_one_gpu) {
  auto one = lists_an_hour(1);
  BOOST_TEST(one >= 230);
  BOOST_TEST(one <= 242);
}

BOOST_AUTO_TEST_CASE(is_asked_for_every_15_s_for_many_gpus) {
  for (size_t gpus : {10, 100}) {
    auto lists = lists_an_hour(gpus);
    BOOST_TEST_MESSAGE(gpus << " GPUs: " << lists << " lists an hour");
    BOOST_TEST(lists >= 230);
    BOOST_TEST(lists <= 242);
  }
}

BOOST_AUTO_TEST_SUITE_END()
