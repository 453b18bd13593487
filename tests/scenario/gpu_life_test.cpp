// The life of a ready GPU: jobs, idle time, age, health, and the stop.
#include "tests/support/gpu_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

/// A GPU that is ready after exactly one second.
struct ready_gpu : gpu_world {
  void boot() {
    cloud->boot_time = 1s;
    start();
    advance(1s);
    BOOST_REQUIRE_MESSAGE(phase() == gpu_phase::ready, log->text());
    ready_ms = log->first("phase ready");
    BOOST_TEST(ready_ms == 1'000);
  }

  int64_t ready_ms = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(an_idle_gpu, ready_gpu)

BOOST_AUTO_TEST_CASE(is_stopped_after_the_idle_timeout_to_the_millisecond) {
  cfg.idle_timeout = 300s;
  boot();
  advance(299'999ms);
  BOOST_TEST(log->count("stop") == 0u);
  advance(1ms);
  BOOST_TEST(log->times("stop w1") == "301000");
  BOOST_TEST(log->first("phase gone") == 301'000);
  BOOST_TEST(!updates->back().failed);
}

// CAF's clock keeps the receiver of a timer alive and cannot cancel a timer.
BOOST_AUTO_TEST_CASE(leaves_nothing_of_its_actor_a_minute_after_its_stop) {
  cfg.idle_timeout = 300s;
  boot();
  advance(301s);
  BOOST_TEST(log->count("phase gone") == 1u);
  auto address = gpu.address();
  let_go(gpu);
  gpu = nullptr;
  advance(1min);
  BOOST_TEST(!caf::actor_cast<caf::strong_actor_ptr>(address));
}

BOOST_AUTO_TEST_CASE(counts_its_idle_time_from_its_last_job) {
  cfg.idle_timeout = 300s;
  boot();
  advance(299s);
  script.takes = 10s;
  run_job("a");
  advance(10s);
  BOOST_TEST(log->times("ended a ok") == "310000");
  advance(10min);
  BOOST_TEST(log->times("stop w1") == "610000");
}

BOOST_AUTO_TEST_CASE(is_not_stopped_while_a_job_runs) {
  cfg.idle_timeout = 300s;
  boot();
  script.takes = 20min;
  run_job("a");
  advance(20min - 1ms);
  BOOST_TEST(log->count("stop") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_job_on_a_gpu, ready_gpu)

BOOST_AUTO_TEST_CASE(begins_at_once_and_reports_its_end) {
  boot();
  run_job("a");
  BOOST_TEST(log->times("render a on n1") == "1000");
  BOOST_TEST(updates->back().busy_slots == 1u);
  advance(1s);
  BOOST_TEST(log->times("ended a ok") == "2000");
  BOOST_TEST(updates->back().busy_slots == 0u);
}

BOOST_AUTO_TEST_CASE(over_the_slots_comes_back) {
  cfg.slots = 2;
  boot();
  run_job("a");
  run_job("b");
  run_job("c");
  BOOST_TEST(log->count("render") == 2u);
  BOOST_TEST(log->times("ended c unavailable") == "1000");
}

BOOST_AUTO_TEST_CASE(whose_renderer_dies_has_failed_for_want_of_it) {
  boot();
  script.takes = 1h;
  run_job("a");
  kill_renderers();
  BOOST_TEST(log->times("ended a unavailable") == "1000");
  BOOST_TEST(updates->back().busy_slots == 0u);
}

BOOST_AUTO_TEST_CASE(that_fails_for_want_of_the_gpu_brings_a_health_look) {
  cfg.health_interval = 15s;
  boot();
  auto before = log->count("probe n1/");
  script = {1s, failed_outcome({failure_kind::unavailable, "cut"})};
  run_job("a");
  advance(1s);
  BOOST_TEST(log->count("probe n1/") == before + 1, log->text());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(an_old_gpu, ready_gpu)

BOOST_AUTO_TEST_CASE(is_replaced_after_the_job_it_is_running) {
  cfg.idle_timeout = 24h;
  cfg.replace_after = 3'600s;
  boot();
  advance(3'590s);
  script.takes = 60s;
  run_job("a");
  advance(9s);
  BOOST_TEST(log->times("phase draining") == "3600000");
  BOOST_TEST(log->count("stop") == 0u);
  run_job("b");
  BOOST_TEST(log->times("ended b unavailable") == "3600000");
  advance(1min);
  BOOST_TEST(log->times("stop w1") == "3651000");
  BOOST_TEST(log->times("ended a ok") == "3651000");
  BOOST_TEST(!updates->back().failed);
}

BOOST_AUTO_TEST_CASE(without_a_job_is_stopped_at_once) {
  cfg.idle_timeout = 24h;
  cfg.replace_after = 3'600s;
  boot();
  advance(1h);
  BOOST_TEST(log->times("stop w1") == "3600000");
}

BOOST_AUTO_TEST_CASE(takes_no_more_a_minute_before_its_lifetime_ends) {
  cfg.idle_timeout = 24h;
  cfg.replace_after = 24h;
  cfg.max_lifetime = 7'200s;
  boot();
  script.takes = 2h;
  run_job("a");
  advance(2h - 1'001ms);
  BOOST_TEST(log->times("phase draining") == "7140000");
  BOOST_TEST(log->count("stopped a") == 0u);
  advance(1ms);
  BOOST_TEST(log->times("stopped a unavailable") == "7200000");
  BOOST_TEST(log->times("ended a unavailable") == "7200000");
  BOOST_TEST(log->times("stop w1") == "7200000");
}

BOOST_AUTO_TEST_CASE(was_launched_to_expire_at_its_lifetime) {
  cfg.max_lifetime = 7'200s;
  boot();
  BOOST_TEST(cloud->machines.at("w1").record.expires_s == 1'700'007'200);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(health, ready_gpu)

BOOST_AUTO_TEST_CASE(is_looked_at_every_15_s) {
  cfg.idle_timeout = 24h;
  boot();
  log->clear();
  advance(60s);
  BOOST_TEST(log->times("probe n1/") == "15000 30000 45000 60000");
  // With those of the worker's other GPUs.
  BOOST_TEST(log->times("list") == "5000 20000 35000 50000");
}

BOOST_AUTO_TEST_CASE(is_lost_after_three_tries_2_s_apart) {
  cfg.idle_timeout = 24h;
  boot();
  script.takes = 1h;
  run_job("a");
  advance(10s);
  cloud->kill_node("w1");
  log->clear();
  advance(1min);
  BOOST_TEST(log->times("probe n1/") == "15000 17000 19000");
  BOOST_TEST(log->times("stopped a unavailable") == "19000");
  BOOST_TEST(log->times("ended a unavailable") == "19000");
  BOOST_TEST(log->times("stop w1") == "19000");
  BOOST_TEST(updates->back().failed);
}

BOOST_AUTO_TEST_CASE(that_stutters_once_is_no_loss) {
  cfg.idle_timeout = 24h;
  boot();
  advance(10s);
  cloud->machines.at("w1").alive = false;
  advance(7s);
  cloud->machines.at("w1").alive = true;
  advance(1h - 20s);
  BOOST_TEST(log->count("stop") == 0u);
}

BOOST_AUTO_TEST_CASE(is_lost_when_the_workload_is_unlisted_twice) {
  cfg.idle_timeout = 24h;
  boot();
  advance(35s);
  auto& record = cloud->machines.at("w1").record;
  record.workload = "w1-elsewhere";
  advance(9s);
  BOOST_TEST(log->count("stop") == 0u);
  advance(1min);
  // It was listed at 35 s, and not at 50 s and 65 s.
  BOOST_TEST(log->times("stop w1") == "65000", log->text());
  BOOST_TEST(updates->back().failed);
}

BOOST_AUTO_TEST_CASE(is_not_lost_with_the_workload_list) {
  cfg.idle_timeout = 24h;
  boot();
  cloud->list_failures.assign(100, {failure_kind::unavailable, "HTTP 503"});
  advance(20min);
  BOOST_TEST(log->count("stop") == 0u);
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_a_probe_that_hangs) {
  cfg.idle_timeout = 24h;
  boot();
  cloud->probe_takes = 24h;
  log->clear();
  advance(2min);
  // Each probe is given up 5 s after its own limit of 5 s.
  BOOST_TEST(log->times("probe n1/") == "15000 27000 39000");
  BOOST_TEST(log->times("stop w1") == "49000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(the_stop, ready_gpu)

BOOST_AUTO_TEST_CASE(waits_for_the_jobs_when_draining) {
  boot();
  script.takes = 30s;
  run_job("a");
  send(msg::drain_gpu{"the node drains"});
  BOOST_TEST((phase() == gpu_phase::draining));
  advance(1min);
  BOOST_TEST(log->times("ended a ok") == "31000");
  BOOST_TEST(log->times("stop w1") == "31000");
  BOOST_TEST(log->first("phase gone") == 31'000);
}

BOOST_AUTO_TEST_CASE(interrupts_the_jobs_when_halted) {
  boot();
  script.takes = 30s;
  run_job("a");
  send(msg::halt_gpu{"hurry"});
  BOOST_TEST(log->times("stopped a shutting_down") == "1000");
  BOOST_TEST(log->times("ended a shutting_down") == "1000");
  BOOST_TEST(log->times("stop w1") == "1000");
  BOOST_TEST((phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_CASE(hurries_a_gpu_that_drains) {
  boot();
  script.takes = 30s;
  run_job("a");
  send(msg::drain_gpu{"the node drains"});
  advance(1s);
  send(msg::halt_gpu{"hurry"});
  BOOST_TEST(log->times("ended a shutting_down") == "2000");
  BOOST_TEST((phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_CASE(is_repeated_until_it_is_confirmed) {
  cloud->stop_failures.assign(3, {failure_kind::unavailable, "HTTP 502"});
  boot();
  send(msg::halt_gpu{"test"});
  advance(1min);
  BOOST_TEST(log->times("stop w1") == "1000 2000 4000 9000");
  BOOST_TEST(log->first("phase gone") == 9'000);
  BOOST_TEST(!updates->back().leaked);
}

BOOST_AUTO_TEST_CASE(counts_when_the_workload_is_not_listed_any_more) {
  cloud->stop_failures.assign(1, {failure_kind::outcome_unknown, "cut"});
  boot();
  advance(1min);
  send(msg::halt_gpu{"test"});
  cloud->machines.at("w1").record.running = false;
  advance(1min);
  BOOST_TEST(log->times("stop w1") == "61000");
  BOOST_TEST(log->first("phase gone") == 62'000);
}

BOOST_AUTO_TEST_CASE(does_not_count_by_a_list_that_lags_behind_the_launch) {
  cloud->stop_failures.assign(1, {failure_kind::outcome_unknown, "cut"});
  boot();
  send(msg::halt_gpu{"test"});
  cloud->machines.at("w1").record.running = false;
  advance(1min);
  BOOST_TEST(log->times("stop w1") == "1000 2000");
  BOOST_TEST(log->first("phase gone") == 2'000);
}

BOOST_AUTO_TEST_CASE(that_nobody_confirms_is_told_as_a_leak) {
  cloud->stop_failures.assign(99, {failure_kind::unavailable, "HTTP 502"});
  boot();
  send(msg::halt_gpu{"test"});
  advance(1h);
  BOOST_TEST(log->count("stop w1") == 20u);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(updates->back().leaked);
}

BOOST_AUTO_TEST_SUITE_END()
