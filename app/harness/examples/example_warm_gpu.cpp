// Example: a worker, a provider, a Redis, and ten virtual minutes in a few real
// milliseconds.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_CASE(a_worker_rents_a_gpu_renders_and_gives_it_back) {
  fleet_scenario s{42, {{"GPU_IDLE_TIMEOUT", "60"}}};
  s.given_workers(1);

  auto job = s.when_a_job_is_pushed("portrait", 20);
  auto rendered_after = s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(rendered_after > 20);

  s.after(600);
  BOOST_TEST(s.gpus_running() == 0u);
  BOOST_TEST(s.deliveries(job) == 1u);
  BOOST_TEST(s.broken_rule() == "");
}
