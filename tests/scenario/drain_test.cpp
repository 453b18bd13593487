// How a worker stops: finish or requeue jobs, deliver webhooks, stop the GPUs.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

struct busy_worker : virtual_worker {
  void begin(duration takes) {
    start();
    warm_up();
    default_script.takes = takes;
    push("a");
    t0 = elapsed_ms();
  }

  int64_t t0 = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(draining, busy_worker)

BOOST_AUTO_TEST_CASE(an_idle_node_takes_no_time) {
  start();
  advance(10s);
  drain();
  BOOST_TEST(log->times("drained") == "10000");
}

BOOST_AUTO_TEST_CASE(finishes_what_runs_and_stops_the_gpu) {
  begin(60s);
  drain();
  advance(10min);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(log->first("settle a") == t0 + 60'000);
  BOOST_TEST(log->first("stop w1") == t0 + 60'000);
  BOOST_TEST(log->first("drained") == t0 + 60'000);
  BOOST_TEST(cloud->running() == 0u);
}

// The answer to the worker's state brings the wish again: it must not be told
// for that.
BOOST_AUTO_TEST_CASE(is_told_at_once_and_once) {
  begin(60s);
  auto wish = [this] {
    caf::anon_send(supervisor, msg::drain_node{"wished by ann", false});
    run();
  };
  auto before = store->times_told;
  wish();
  BOOST_TEST(store->told.draining);
  BOOST_TEST(store->times_told == before + 1);
  wish();
  BOOST_TEST(store->times_told == before + 1);
  advance(10min);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(log->first("settle a") == t0 + 60'000);
}

BOOST_AUTO_TEST_CASE(claims_nothing_more) {
  begin(60s);
  push("b");
  drain();
  push("c");
  advance(10min);
  BOOST_TEST(status("b") == "queued");
  BOOST_TEST(status("c") == "queued");
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(puts_back_what_does_not_end_in_time) {
  cfg.drain_time = 120s;
  begin(15min);
  advance(1s);
  drain();
  advance(119'999ms);
  BOOST_TEST(log->count("release") == 0u);
  advance(1ms);
  BOOST_TEST(log->first("release a") == t0 + 121'000);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(store->queue.front() == "a");
  BOOST_TEST(log->count("settle a") == 0u);
  BOOST_TEST(log->first("POST http://n1/interrupt") == t0 + 121'000);
  BOOST_TEST(log->first("stop w1") == t0 + 121'000);
  BOOST_TEST(log->first("drained") == t0 + 121'000);
}

BOOST_AUTO_TEST_CASE(hurries_at_the_second_signal) {
  begin(60s);
  advance(1s);
  drain();
  advance(4s);
  drain();
  BOOST_TEST(log->first("release a") == t0 + 5'000);
  BOOST_TEST(log->first("drained") == t0 + 5'000);
  BOOST_TEST(cloud->running() == 0u);
}

BOOST_AUTO_TEST_CASE(stops_a_gpu_that_boots) {
  cloud->boot_time = 10min;
  start();
  push("a");
  advance(10s);
  BOOST_TEST(log->count("launch") == 1u);
  drain();
  BOOST_TEST(log->times("stop w1") == "10000");
  BOOST_TEST(log->times("drained") == "10000");
  BOOST_TEST(status("a") == "queued");
}

BOOST_AUTO_TEST_CASE(waits_for_a_launch_whose_answer_is_on_its_way) {
  cloud->launch_takes = 20s;
  start();
  push("a");
  advance(1s);
  drain();
  advance(10s);
  BOOST_TEST(log->count("drained") == 0u);
  advance(1min);
  BOOST_TEST(cloud->running() == 0u);
  BOOST_TEST(log->first("drained") >= 20'000);
  BOOST_TEST(log->first("drained") <= 20'500);
}

BOOST_AUTO_TEST_CASE(rents_nothing_after_a_random_wait_that_ran) {
  cfg.pre_launch_min = cfg.pre_launch_max = 15s;
  start();
  push("a");
  advance(10s);
  drain();
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
  BOOST_TEST(log->times("drained") == "10000");
}

BOOST_AUTO_TEST_CASE(delivers_the_webhooks_that_are_due) {
  web->on_request = [this](const http_request& x) {
    auto hook = x.url == "http://r.example/hook";
    return http_status(hook && log->count("POST " + x.url) < 3 ? 500 : 200);
  };
  start();
  warm_up();
  auto x = make_job("a");
  x.data = R"({"text": "Hi.", "notify_url": "http://r.example/hook"})";
  push(x);
  drain();
  auto from = elapsed_ms();
  advance(1min);
  BOOST_TEST(log->count("webhook a delivered") == 1u);
  // The job takes 1 s; tries are 5 s apart.
  BOOST_TEST(log->first("drained") == from + 11'000, log->text());
}

BOOST_AUTO_TEST_CASE(waits_for_a_dead_receiver_no_longer_than_its_patience) {
  web->on_request = [](const http_request& x) {
    return http_status(x.url == "http://r.example/hook" ? 500 : 200);
  };
  webhook_cfg.tries.delays.assign(4, 10min);
  cfg.flush_time = 30s;
  start();
  warm_up();
  auto x = make_job("a");
  x.data = R"({"text": "Hi.", "notify_url": "http://r.example/hook"})";
  push(x);
  advance(1s);
  drain();
  auto from = elapsed_ms();
  advance(5min);
  // The next try is due after the patience, so there is nothing to wait for.
  BOOST_TEST(log->first("drained") >= from);
  BOOST_TEST(log->first("drained") <= from + 500);
}

BOOST_AUTO_TEST_CASE(says_so_when_a_stop_is_not_confirmed) {
  cloud->stop_failures.assign(999, {failure_kind::unavailable, "HTTP 502"});
  begin(1s);
  advance(5s);
  drain();
  advance(1h);
  BOOST_TEST(log->count("drained with leaks") == 1u);
}

BOOST_AUTO_TEST_CASE(does_not_try_a_failed_job_again) {
  scripts["a"] = {5s, failed_outcome({failure_kind::unavailable, "cut"})};
  begin(5s);
  drain();
  advance(1min);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(log->first("release a") == t0 + 5'000);
  BOOST_TEST(log->count("begin a") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
