// A GPU that no worker has launched is never stopped. A job that another worker
// has locked is never touched.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(promise_4_not_ours)

BOOST_AUTO_TEST_CASE(workloads_of_strangers_run_on) {
  fleet_scenario s;
  s.world->cloud.add_foreign("media:fast");
  s.given_a_warm_worker();
  s.world->cloud.add_foreign("media:fast");
  s.world->drain_node(1);
  s.after(600);
  BOOST_TEST(s.gpus_running() == 0u);
  BOOST_TEST(s.world->cloud.running().size() == 2u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_job_that_a_python_worker_holds_is_left_alone) {
  fleet_scenario s{1, {{"GPU_IDLE_TIMEOUT", "1000"}}};
  s.given_a_warm_worker();
  auto id = job_table::id_of(1);
  // The Python worker locks the job before other workers see it, and leaves the
  // id in the queue while its GPU boots.
  s.world->redis.run({"SET", "job:" + id + ":lock", "python-1", "EX", "300"});
  s.world->redis.run({"HSET", "job:" + id, "locked_by", "python-1"});
  s.when_a_job_is_pushed("whisper", 3);
  s.after(120);
  BOOST_TEST(s.status(1) == "queued");
  BOOST_TEST(s.field(1, "locked_by") == "python-1");
  // The Python worker has died: its lock runs out, and any worker may claim the
  // job.
  auto took = s.until([&] {
    return s.status(1) == "running";
  });
  BOOST_TEST(took > 175);
  BOOST_TEST(took < 200);
}

BOOST_AUTO_TEST_SUITE_END()
