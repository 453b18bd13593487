// A worker that was paused for long wakes up, and another worker has its GPU:
// its jobs are tried elsewhere, and it sends that GPU no more jobs.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(a_gpu_that_is_another_workers_now, virtual_worker)

BOOST_AUTO_TEST_CASE(gets_no_job_and_its_own_are_tried_elsewhere) {
  cfg.max_gpus = 2;
  cfg.slots_per_gpu = 2;
  start();
  warm_up();
  default_script.takes = 20s;
  push("a");
  BOOST_REQUIRE(log->first("begin a on n1") == elapsed_ms());
  BOOST_REQUIRE_EQUAL(store->gpus.entries.size(), 1u);
  auto id = store->gpus.entries.begin()->first;
  store->gpus.taken.insert(id);
  caf::anon_send(gpus.at(1), msg::check_gpu{ledger_id{id}});
  run();
  push("b");
  advance(5min);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(status("b") == "success");
  BOOST_TEST(log->count("begin a on n2") == 1u, log->text());
  BOOST_TEST(log->count("begin b on n1") == 0u);
  BOOST_TEST(log->count("stop w1") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
