// How jobs end: limits, cancellation, other GPUs, final failures, webhooks.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

job_outcome failing(failure_kind kind, std::string message) {
  return failed_outcome({kind, std::move(message)});
}

/// A worker whose one GPU is ready.
struct warm_worker : virtual_worker {
  void warm() {
    start();
    warm_up();
    BOOST_REQUIRE_MESSAGE(status("warm-up") == "success", log->text());
    t0 = elapsed_ms();
  }

  int64_t t0 = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(time_limits, warm_worker)

BOOST_AUTO_TEST_CASE(of_a_job_are_its_own_max_time) {
  warm();
  default_script.takes = 1h;
  auto x = make_job("a");
  x.max_time_s = 42;
  push(x);
  advance(41'999ms);
  BOOST_TEST(status("a") == "running");
  advance(1ms);
  BOOST_TEST(status("a") == "failed");
  BOOST_TEST(error("a") == "Job exceeded maximum runtime of 42 seconds");
  BOOST_TEST(log->first("POST http://n1/interrupt") == t0 + 42'000);
  BOOST_TEST(log->first("settle a") == t0 + 42'000);
}

BOOST_AUTO_TEST_CASE(default_to_1200_s) {
  warm();
  default_script.takes = 2h;
  push("a");
  advance(1h);
  BOOST_TEST(log->first("settle a failed") == t0 + 1'200'000);
  BOOST_TEST(error("a") == "Job exceeded maximum runtime of 1200 seconds");
}

BOOST_AUTO_TEST_CASE(are_capped_by_max_render_time) {
  cfg.max_render_time = 1'800s;
  warm();
  default_script.takes = 2h;
  auto x = make_job("a");
  x.max_time_s = 5'000;
  push(x);
  advance(1h);
  BOOST_TEST(log->first("settle a failed") == t0 + 1'800'000);
  BOOST_TEST(error("a") == "Job exceeded maximum runtime of 1800 seconds");
}

BOOST_AUTO_TEST_CASE(include_complete_by) {
  warm();
  default_script.takes = 1h;
  auto x = make_job("a");
  x.complete_by_s = 1'700'000'060;
  push(x);
  advance(10min);
  BOOST_TEST(log->first("settle a failed") == 60'000);
  BOOST_TEST(error("a")
             == "Job exceeded completion deadline (2023-11-14T22:14:20Z)");
}

BOOST_AUTO_TEST_CASE(that_passed_before_the_start_fail_without_a_gpu) {
  start();
  auto x = make_job("a");
  x.complete_by_s = 1'699'999'999;
  push(x);
  advance(1s);
  BOOST_TEST(status("a") == "failed");
  BOOST_TEST(error("a") == "Job expired before processing could begin");
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
}

BOOST_AUTO_TEST_CASE(hold_over_all_attempts_together) {
  cfg.max_gpus = 2;
  warm();
  auto x = make_job("a");
  x.max_time_s = 60;
  scripts["a"] = {40s, failing(failure_kind::unavailable, "cut")};
  push(x);
  advance(10min);
  BOOST_TEST(log->first("settle a failed") == t0 + 60'000);
  BOOST_TEST(error("a").rfind("Job exceeded maximum runtime of 60 seconds", 0)
             == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_job_that_the_front_end, warm_worker)

BOOST_AUTO_TEST_CASE(cancels_while_it_runs_stops_within_a_second) {
  for (auto verdict : {"cancelled", "timed_out", "failed"}) {
    virtual_worker one;
    one.start();
    one.warm_up();
    one.default_script.takes = 1h;
    one.push("a");
    one.advance(12'345ms);
    auto cancelled = one.elapsed_ms();
    one.store->cancel("a", verdict);
    one.advance(1s);
    auto stopped = one.log->first("POST http://n1/interrupt");
    BOOST_TEST(stopped > cancelled);
    BOOST_TEST(stopped <= cancelled + 1'000);
    // The front end's status stays, and the worker settles nothing.
    BOOST_TEST(one.status("a") == verdict);
    BOOST_TEST(one.log->count("settle a") == 0u);
    // The slot is free again.
    one.scripts["b"].takes = 1s;
    one.push("b");
    one.advance(2s);
    BOOST_TEST(one.status("b") == "success");
  }
}

BOOST_AUTO_TEST_CASE(deletes_while_it_runs_stops_too) {
  warm();
  default_script.takes = 1h;
  push("a");
  advance(10s);
  store->jobs.erase("a");
  advance(1s);
  BOOST_TEST(log->count("POST http://n1/interrupt") == 1u);
}

BOOST_AUTO_TEST_CASE(cancels_while_it_waits_is_never_begun) {
  warm();
  default_script.takes = 30s;
  push("a");
  push("b");
  advance(10s);
  store->cancel("b");
  advance(5min);
  BOOST_TEST(log->count("begin b") == 0u);
  BOOST_TEST(status("b") == "cancelled");
}

BOOST_AUTO_TEST_CASE(cancels_on_a_node_that_hangs_ends_after_the_grace) {
  warm();
  default_script.takes = 1h;
  web->on_request = [](const http_request&) {
    return http_status(200, 10min);
  };
  push("a");
  advance(10s);
  store->cancel("a");
  advance(1s);
  auto stopped = log->first("POST http://n1/interrupt");
  scripts["b"].takes = 1s;
  push("b");
  advance(10s);
  // The GPU gets three seconds to stop its work.
  BOOST_TEST(log->first("begin b") == stopped + 3'000, log->text());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(an_infrastructure_failure, warm_worker)

BOOST_AUTO_TEST_CASE(is_tried_on_another_gpu) {
  cfg.max_gpus = 2;
  warm();
  scripts["a/1"] = {3s, failing(failure_kind::unavailable, "the stream broke")};
  scripts["a/2"].takes = 3s;
  push("a");
  advance(1min);
  BOOST_TEST(status("a") == "success", log->text());
  BOOST_TEST(log->count("begin a on n1") == 1u);
  BOOST_TEST(log->count("begin a on n2") == 1u);
  // A claimed job is tried again without a random wait.
  BOOST_TEST(log->count("settle a") == 1u);
}

BOOST_AUTO_TEST_CASE(is_final_after_the_attempts) {
  cfg.max_gpus = 4;
  cfg.attempts_max = 3;
  warm();
  scripts["a"] = {3s, failing(failure_kind::unavailable, "the stream broke")};
  push("a");
  advance(5min);
  BOOST_TEST(log->count("begin a") == 3u, log->text());
  BOOST_TEST(status("a") == "failed");
  BOOST_TEST(
    error("a")
    == "Error processing CSM job: failed after 3 attempts: the rendering "
       "service did not work or could not be reached");
  BOOST_TEST(log->count("settle a") == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_gpu_that_dies_moves_its_jobs) {
  cfg.max_gpus = 2;
  cfg.slots_per_gpu = 2;
  warm();
  default_script.takes = 60s;
  push("a");
  push("b");
  advance(10s);
  cloud->kill_node("w1");
  advance(5min);
  BOOST_TEST(status("a") == "success", log->text());
  BOOST_TEST(status("b") == "success");
  BOOST_TEST(log->count("begin a on n2") == 1u);
  BOOST_TEST(log->count("begin b on n2") == 1u);
  BOOST_TEST(log->count("stop w1") == 1u);
  // 10 s until the death, 15 s until the next health check, and 4 s for its
  // repeats.
  BOOST_TEST(log->first("stop w1") <= t0 + 10'000 + 19'000);
}

BOOST_AUTO_TEST_CASE(of_a_dead_gpu_actor_moves_its_job) {
  cfg.max_gpus = 2;
  warm();
  default_script.takes = 10s;
  push("a");
  advance(1s);
  caf::anon_send_exit(gpus.at(1), caf::exit_reason::kill);
  advance(1min);
  BOOST_TEST(status("a") == "success", log->text());
  BOOST_TEST(log->count("begin a") == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_failure_of_the_job_itself, warm_worker)

BOOST_AUTO_TEST_CASE(is_final_at_once) {
  cfg.max_gpus = 2;
  for (auto kind : {failure_kind::invalid_input, failure_kind::rejected,
                    failure_kind::internal}) {
    virtual_worker one;
    one.cfg.max_gpus = 2;
    one.start();
    one.warm_up();
    one.scripts["a"] = {2s, failing(kind, "the model said no")};
    auto from = one.elapsed_ms();
    one.push("a");
    one.advance(5min);
    BOOST_TEST(one.log->count("begin a") == 1u);
    BOOST_TEST(one.log->first("settle a failed") == from + 2'000);
    BOOST_TEST(one.error("a")
               == std::string{"Error processing CSM job: "}
                    + (kind == failure_kind::internal ? "an internal error"
                                                      : "the model said no"));
    BOOST_TEST(one.log->count("launch") == 1u);
  }
}

BOOST_AUTO_TEST_CASE(costs_no_gpu_when_its_parameters_are_bad) {
  start();
  auto x = make_job("a");
  x.data = R"({"monologue": ["Hello."], "topk": 101})";
  push(x);
  push("b", "teleport");
  advance(1s);
  BOOST_TEST(error("a").starts_with("Error processing CSM job: topk: got 101"),
             error("a"));
  BOOST_TEST(status("b") == "failed");
  advance(10min);
  BOOST_TEST(log->count("launch") == 0u);
}

BOOST_AUTO_TEST_CASE(leaves_the_gpu_to_the_next_job) {
  warm();
  scripts["a"] = {1s, failing(failure_kind::rejected, "no")};
  push("a");
  push("b");
  advance(2s);
  BOOST_TEST(log->first("begin b on n1") == t0 + 1'000);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(the_webhook_of_a_job, warm_worker)

BOOST_AUTO_TEST_CASE(goes_out_when_the_job_is_settled) {
  warm();
  auto x = make_job("a");
  x.data = R"({"monologue": ["Hi."], "notify_url": "http://r.example/hook"})";
  push(x);
  advance(1s);
  BOOST_TEST(log->first("POST http://r.example/hook") == t0 + 1'000);
  BOOST_TEST(log->count("webhook a delivered") == 1u);
}

BOOST_AUTO_TEST_CASE(that_hangs_holds_up_no_other_job) {
  warm();
  web->on_request = [](const http_request& x) {
    return http_status(200, x.url == "http://slow.example/hook" ? 1h : 0ms);
  };
  for (auto id : {"a", "b", "c"}) {
    auto x = make_job(id);
    x.data = R"({"text": "Hi.", "notify_url": "http://)"
             + std::string{id == std::string{"a"} ? "slow" : "fast"}
             + R"(.example/hook"})";
    push(x);
  }
  advance(3s);
  BOOST_TEST(log->times("POST http://fast.example/hook")
             == std::to_string(t0 + 2'000) + " " + std::to_string(t0 + 3'000));
}

BOOST_AUTO_TEST_CASE(waits_for_a_ledger_that_refuses_for_a_while) {
  warm();
  store->settle_failures.assign(3, {failure_kind::unavailable, "no Redis"});
  push("a");
  advance(10s);
  BOOST_TEST(status("a") == "success", log->text());
  BOOST_TEST(log->first("settle a success") == t0 + 1'000 + 3'000);
}

// The SUPERVISOR looks each ten seconds for those without an answer.
BOOST_AUTO_TEST_CASE(a_settling_without_an_answer_is_asked_for_again) {
  warm();
  store->settles_ignored = 1;
  push("a");
  advance(59s);
  BOOST_TEST(status("a") == "running");
  advance(14s);
  BOOST_TEST(status("a") == "success", log->text());
}

BOOST_AUTO_TEST_SUITE_END()
