// Which commands a worker sends to Redis, and when.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(an_idle_queue, virtual_worker)

BOOST_AUTO_TEST_CASE(costs_one_command_in_30_s) {
  start();
  advance(1s);
  log->clear();
  auto before = store->commands;
  advance(10min);
  BOOST_TEST(log->count("await") == 20u, log->text());
  BOOST_TEST(log->count("claim") == 0u);
  BOOST_TEST(log->count("peek") == 0u);
  // The other commands are looks for webhooks of dead workers, four a minute.
  BOOST_TEST(store->commands - before == 20u + 40u);
}

BOOST_AUTO_TEST_CASE(costs_the_same_with_a_warm_gpu) {
  gpu_cfg.idle_timeout = 24h;
  start();
  warm_up();
  log->clear();
  advance(10min);
  BOOST_TEST(log->count("await") == 20u);
  BOOST_TEST(log->count("claim") == 0u);
  BOOST_TEST(log->count("peek") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_queue_of_foreign_jobs, virtual_worker)

BOOST_AUTO_TEST_CASE(is_looked_at_ever_more_rarely_while_a_slot_is_free) {
  gpu_cfg.idle_timeout = 24h;
  start();
  warm_up();
  // From here on the queue has a job under a Python worker's lock.
  auto x = make_job("held");
  store->push(x);
  store->jobs.at("held").locked_elsewhere = true;
  log->clear();
  auto begin = elapsed_ms();
  caf::anon_send(store_actor, caf::tick_atom_v);
  advance(200ms);
  auto at = [begin](int64_t ms) {
    return std::to_string(begin + ms);
  };
  BOOST_TEST(log->times("claim")
             == at(0) + " " + at(25) + " " + at(75) + " " + at(175));
  advance(1s);
  log->clear();
  advance(1s);
  BOOST_TEST(log->count("claim") >= 9u, log->text());
  BOOST_TEST(log->count("claim") <= 11u);
  // A job behind it is taken within 100 ms.
  auto pushed = elapsed_ms();
  push("ours");
  advance(200ms);
  BOOST_TEST(log->first("running ours") >= pushed);
  BOOST_TEST(log->first("running ours") <= pushed + 100);
}

BOOST_AUTO_TEST_CASE(is_looked_at_every_three_seconds_while_no_slot_is_free) {
  cfg.pre_launch_min = cfg.pre_launch_max = 24h;
  start();
  push("waits");
  advance(5s);
  log->clear();
  advance(30s);
  BOOST_TEST(log->count("claim") == 0u);
  BOOST_TEST(log->count("peek") == 10u, log->text());
}

BOOST_AUTO_TEST_CASE(does_not_make_us_rent_a_gpu) {
  start();
  auto x = make_job("held");
  store->push(x);
  store->jobs.at("held").locked_elsewhere = true;
  caf::anon_send(store_actor, caf::tick_atom_v);
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_queue_watcher, virtual_worker)

BOOST_AUTO_TEST_CASE(that_dies_is_started_anew) {
  gpu_cfg.idle_timeout = 24h;
  start();
  warm_up();
  caf::anon_send_exit(watcher, caf::exit_reason::kill);
  run();
  advance(100ms);
  push("a");
  advance(2s);
  BOOST_TEST(status("a") == "success", log->text());
}

BOOST_AUTO_TEST_CASE(that_keeps_dying_ends_the_node) {
  start();
  for (int i = 0; i < 6; ++i) {
    caf::anon_send_exit(watcher, caf::exit_reason::kill);
    advance(5s);
  }
  BOOST_TEST(log->count("drained with leaks") == 1u, log->text());
}

BOOST_AUTO_TEST_SUITE_END()
