// When a worker rents GPUs: the random wait, warm slots, types, replacement,
// and the wait after a GPU that failed.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(a_worker_without_a_gpu, virtual_worker)

BOOST_AUTO_TEST_CASE(rents_none_while_nothing_waits) {
  start();
  advance(1h);
  BOOST_TEST(log->count("launch") == 0u);
}

BOOST_AUTO_TEST_CASE(waits_a_random_time_of_the_range_before_it_rents) {
  std::set<int64_t> seen;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    virtual_worker one;
    one.cfg.seed = seed;
    one.cfg.pre_launch_min = 15s;
    one.cfg.pre_launch_max = 30s;
    one.start();
    one.push("a");
    one.advance(1min);
    auto at = one.log->first("launch media:fast");
    BOOST_TEST(at >= 15'000);
    // The worker looked at the queue up to a quarter of a second after the
    // push.
    BOOST_TEST(at <= 30'250);
    seen.insert(at);
  }
  BOOST_TEST(seen.size() > 30u);
  BOOST_TEST(*seen.begin() < 17'000);
  BOOST_TEST(*seen.rbegin() > 28'000);
}

BOOST_AUTO_TEST_CASE(rents_none_while_the_fleet_is_paused) {
  store->orders.paused = "by ann";
  start();
  push("a");
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
  BOOST_TEST(status("a") == "queued");
  auto& why = store->told.launches.at("media:fast");
  BOOST_TEST((why.kind == launch_reason_kind::paused));
  BOOST_TEST(why.words == "by ann");
  store->orders.paused.clear();
  advance(10min);
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(goes_on_with_its_gpu_while_the_fleet_is_paused) {
  start();
  warm_up();
  store->orders.paused = "by ann";
  advance(20s);
  push("a");
  advance(1min);
  BOOST_TEST(status("a") == "success");
  advance(1h);
  BOOST_TEST(log->count("launch") == 1u);
  BOOST_TEST(log->count("stop") == 1u);
}

BOOST_AUTO_TEST_CASE(waits_the_same_time_with_the_same_seed) {
  auto launched_at = [](uint64_t seed) {
    virtual_worker one;
    one.cfg.seed = seed;
    one.cfg.pre_launch_min = 15s;
    one.cfg.pre_launch_max = 30s;
    one.start();
    one.push("a");
    one.advance(1min);
    return one.log->first("launch");
  };
  BOOST_TEST(launched_at(7) == launched_at(7));
  BOOST_TEST(launched_at(7) != launched_at(8));
}

BOOST_AUTO_TEST_CASE(rents_none_when_another_worker_took_the_job_meanwhile) {
  cfg.pre_launch_min = 15s;
  cfg.pre_launch_max = 30s;
  start();
  push("a");
  advance(14s);
  store->cancel("a", "running");
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
}

BOOST_AUTO_TEST_CASE(waits_anew_for_the_next_job_after_a_cancelled_wait) {
  cfg.pre_launch_min = cfg.pre_launch_max = 20s;
  start();
  push("a");
  advance(10s);
  store->cancel("a", "running");
  advance(8s);
  push("b");
  advance(19s);
  BOOST_TEST(log->count("launch") == 0u);
  advance(2s);
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(claims_the_job_only_when_its_gpu_is_ready) {
  cloud->boot_time = 60s;
  start();
  push("a");
  advance(60s);
  BOOST_TEST(status("a") == "queued");
  advance(2s);
  BOOST_TEST(log->first("running a") >= 60'000);
  BOOST_TEST(log->first("begin a") == log->first("running a"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_warm_slot, virtual_worker)

BOOST_AUTO_TEST_CASE(claims_at_once) {
  cfg.pre_launch_min = cfg.pre_launch_max = 15s;
  start();
  push("first");
  advance(1min);
  BOOST_TEST(status("first") == "success");
  auto pushed = elapsed_ms();
  push("a");
  BOOST_TEST(log->times("running a") == std::to_string(pushed));
  BOOST_TEST(log->times("begin a on n1") == std::to_string(pushed));
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(claims_the_next_job_the_moment_one_ends) {
  start();
  warm_up();
  default_script.takes = 10s;
  auto from = elapsed_ms();
  push("a");
  push("b");
  push("c");
  advance(1min);
  BOOST_TEST(log->first("running a") == from);
  BOOST_TEST(log->first("running b") == from + 10'000, log->text());
  BOOST_TEST(log->first("running c") == from + 20'000);
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(is_not_kept_from_its_job_by_jobs_it_cannot_serve) {
  cfg.max_gpus = 2;
  start();
  warm_up();
  default_script.takes = 1h;
  // One GPU with one slot is rented for these jobs.
  for (int i = 0; i < 50; ++i)
    push("vision-" + std::to_string(i), "analyze");
  auto pushed = elapsed_ms();
  push("a");
  advance(30ms);
  BOOST_TEST(log->first("running a") >= pushed);
  BOOST_TEST(log->first("running a") <= pushed + 25, log->text());
}

BOOST_AUTO_TEST_CASE(goes_to_as_many_jobs_as_the_gpu_takes) {
  cfg.slots_per_gpu = 3;
  start();
  warm_up();
  default_script.takes = 10s;
  for (auto id : {"a", "b", "c", "d"})
    push(id);
  BOOST_TEST(log->count("begin") == 4u);
  BOOST_TEST(status("d") == "queued");
  advance(10s);
  BOOST_TEST(status("d") == "running");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(workload_types, virtual_worker)

BOOST_AUTO_TEST_CASE(run_on_gpus_of_their_own) {
  cfg.max_gpus = 2;
  start();
  push("a", "csm");
  push("b", "analyze");
  advance(5s);
  BOOST_TEST(log->count("launch media:fast") == 1u);
  BOOST_TEST(log->count("launch ollama_webui:fast") == 1u);
  auto node_of = [this](const workload_type& type) {
    for (auto& [id, x] : cloud->machines)
      if (x.record.type == type)
        return x.record.node;
    return gpu_host{};
  };
  BOOST_TEST(log->count("begin a on " + node_of("media:fast")) == 1u);
  BOOST_TEST(log->count("begin b on " + node_of("ollama_webui:fast")) == 1u);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(status("b") == "success");
}

BOOST_AUTO_TEST_CASE(make_room_for_each_other_when_gpus_are_few) {
  cfg.max_gpus = 1;
  gpu_cfg.idle_timeout = 24h;
  start();
  push("a", "csm");
  advance(10s);
  push("b", "analyze");
  advance(10s);
  BOOST_TEST(status("b") == "success", log->text());
  BOOST_TEST(cloud->running() == 1u);
}

BOOST_AUTO_TEST_CASE(do_not_take_a_gpu_from_a_job_that_runs) {
  cfg.max_gpus = 1;
  start();
  scripts["a"].takes = 5min;
  push("a", "csm");
  advance(10s);
  push("b", "analyze");
  advance(4min);
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(log->count("launch") == 1u);
  advance(2min);
  BOOST_TEST(status("b") == "success");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(the_fleet, virtual_worker)

BOOST_AUTO_TEST_CASE(grows_to_the_backlog_and_not_beyond_its_limit) {
  cfg.max_gpus = 3;
  start();
  default_script.takes = 10min;
  for (int i = 0; i < 10; ++i)
    push("job-" + std::to_string(i));
  advance(1min);
  BOOST_TEST(log->count("launch") == 3u);
  BOOST_TEST(log->count("begin") == 3u);
}

BOOST_AUTO_TEST_CASE(does_not_outgrow_the_backlog) {
  cfg.max_gpus = 8;
  start();
  default_script.takes = 10min;
  push("a");
  push("b");
  advance(1min);
  BOOST_TEST(log->count("launch") == 2u, log->text());
}

BOOST_AUTO_TEST_CASE(shrinks_after_the_idle_timeout) {
  gpu_cfg.idle_timeout = 300s;
  start();
  push("a");
  advance(5s);
  auto ended = log->first("settle a");
  advance(10min);
  BOOST_TEST(log->first("stop w1") == ended + 300'000);
  BOOST_TEST(cloud->running() == 0u);
}

BOOST_AUTO_TEST_CASE(replaces_a_dead_gpu_and_waits_longer_each_time) {
  cloud->boot_time = 24h;
  gpu_cfg.boot_timeout = 10s;
  gpu_cfg.probe_interval_max = 50ms;
  start();
  push("a");
  advance(10min);
  std::vector<int64_t> launches;
  for (auto& x : log->events())
    if (x.what.rfind("launch", 0) == 0)
      launches.push_back(x.at_ms);
  BOOST_REQUIRE(launches.size() >= 5u);
  // Each GPU lives 10 s; the waits after it are 5, 10, 20, 40 s.
  int64_t expected[] = {15'000, 20'000, 30'000, 50'000};
  for (size_t i = 0; i < 4; ++i) {
    auto gap = launches[i + 1] - launches[i];
    BOOST_TEST(gap >= expected[i]);
    BOOST_TEST(gap <= expected[i] + 1'200);
  }
  BOOST_TEST(cloud->running() <= 1u);
}

BOOST_AUTO_TEST_CASE(finds_a_service_that_one_gpu_lacks_on_the_next) {
  gpu_cfg.idle_timeout = 300s;
  start();
  push("a", "csm");
  advance(500ms);
  cloud->machines.at("w1").dead_services = {"csm"};
  // A service is given up 150 s after the first one came up.
  advance(150s);
  BOOST_TEST(status("a") == "queued");
  advance(10s);
  BOOST_TEST(status("a") == "success", log->text());
  BOOST_TEST(log->count("begin a on n2") == 1u);
  BOOST_TEST(cloud->running() == 1u);
}

BOOST_AUTO_TEST_CASE(never_stops_what_it_has_not_launched) {
  cloud->add("media:fast", 1'700'007'200);
  start();
  push("a");
  advance(1h);
  drain();
  advance(10min);
  BOOST_TEST(log->count("stop w1") == 0u);
  BOOST_TEST(log->count("stop w2") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
  auto run_of = [](uint64_t seed) {
    virtual_worker one;
    one.cfg.seed = seed;
    one.cfg.max_gpus = 3;
    one.cfg.pre_launch_min = 15s;
    one.cfg.pre_launch_max = 30s;
    one.cloud->launch_failures = {{failure_kind::unavailable, "HTTP 502"}};
    one.cloud->lose_answers = 1;
    one.start();
    for (int i = 0; i < 20; ++i) {
      auto id = std::to_string(i);
      one.scripts[id].takes = std::chrono::seconds{i};
      if (i % 7 == 3)
        one.scripts[id + "/1"].outcome
          = failed_outcome({failure_kind::unavailable, "cut"});
      one.push(id, i % 5 == 0 ? "analyze" : "csm");
      one.advance(3s);
    }
    one.advance(10min);
    one.drain();
    one.advance(5min);
    BOOST_TEST(one.log->count("drained") == 1u);
    for (auto& [id, x] : one.store->jobs)
      BOOST_TEST(x.status == "success", id << " " << x.status);
    BOOST_TEST(one.cloud->running() == 0u);
    return one.log->text();
  };
  auto first = run_of(7);
  BOOST_TEST((first == run_of(7)));
  BOOST_TEST((first != run_of(8)));
}
