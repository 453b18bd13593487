// How a GPU INSTANCE rents its GPU: tries, delays, lost answers, and the boot.
#include "tests/support/gpu_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

const failure proxy_error{failure_kind::unavailable, "HTTP 502"};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_launch, gpu_world)

BOOST_AUTO_TEST_CASE(is_tried_five_times_after_5_15_30_and_45_s) {
  cloud->launch_failures.assign(9, proxy_error);
  start();
  advance(10min);
  BOOST_TEST(log->times("launch") == "0 5000 20000 50000 95000");
  BOOST_TEST(log->first("phase gone") == 95'000);
  BOOST_TEST(updates->back().failed);
  BOOST_TEST(!updates->back().leaked);
}

BOOST_AUTO_TEST_CASE(that_works_at_last_goes_on_as_any_other) {
  cloud->launch_failures.assign(4, proxy_error);
  start();
  advance(95s);
  BOOST_TEST(log->count("launch") == 5u);
  BOOST_TEST((phase() == gpu_phase::booting));
  advance(2s);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(!updates->back().failed);
}

BOOST_AUTO_TEST_CASE(that_is_refused_is_not_repeated) {
  cloud->launch_failures = {{failure_kind::rejected, "no such type"}};
  start();
  advance(10min);
  BOOST_TEST(log->times("launch") == "0");
  BOOST_TEST(log->first("phase gone") == 0);
  BOOST_TEST(updates->back().failed);
}

BOOST_AUTO_TEST_CASE(whose_answer_was_lost_is_looked_up_and_taken_over) {
  cloud->lose_answers = 1;
  start();
  advance(2'499ms);
  BOOST_TEST((phase() == gpu_phase::launching));
  advance(1ms);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(updates->back().workload == "w1");
  advance(1min);
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(whose_answer_was_lost_and_did_not_work_is_repeated) {
  cloud->launch_failures = {{failure_kind::outcome_unknown, "cut"}};
  start();
  advance(1min);
  BOOST_TEST(log->times("launch") == "0 5000", log->text());
  // Before the first launch, twice between, and before the second.
  BOOST_TEST(log->times("list").rfind("0 2500 5000 5000", 0) == 0u);
  BOOST_TEST((phase() == gpu_phase::ready));
}

BOOST_AUTO_TEST_CASE(with_a_lost_answer_takes_over_nothing_that_was_there) {
  // A workload of the same type and the same end, but older than the launch.
  cloud->add("media:fast", 1'700'000'000 + 7'200);
  cloud->launch_failures = {{failure_kind::outcome_unknown, "cut"}};
  start();
  advance(1min);
  BOOST_TEST(log->count("launch") == 2u);
  BOOST_TEST(updates->back().workload == "w2");
  send(msg::halt_gpu{"test"});
  BOOST_TEST(log->count("stop w1") == 0u);
  BOOST_TEST(log->count("stop w2") == 1u);
}

BOOST_AUTO_TEST_CASE(with_a_lost_answer_and_two_candidates_touches_neither) {
  cloud->lose_answers = 1;
  start();
  // A stranger launches the same type at the same time.
  cloud->add("media:fast", 1'700'000'000 + 7'200);
  advance(10min);
  BOOST_TEST(log->count("launch") == 1u);
  BOOST_TEST(log->count("stop") == 0u);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(updates->back().failed);
}

BOOST_AUTO_TEST_CASE(with_a_lost_answer_is_not_repeated_while_the_list_fails) {
  cloud->lose_answers = 1;
  start();
  cloud->list_failures.assign(3, proxy_error);
  advance(2'500ms);
  BOOST_TEST((phase() == gpu_phase::launching));
  advance(14'999ms);
  BOOST_TEST((phase() == gpu_phase::launching));
  advance(1ms);
  BOOST_TEST(log->count("launch") == 1u);
  BOOST_TEST((phase() == gpu_phase::ready));
}

BOOST_AUTO_TEST_CASE(under_way_when_told_to_stop_is_awaited_and_stopped) {
  cloud->launch_takes = 3s;
  start();
  advance(1s);
  send(msg::halt_gpu{"the node stops"});
  BOOST_TEST((phase() == gpu_phase::launching));
  advance(2s);
  BOOST_TEST(log->times("stop w1") == "3000");
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(cloud->running() == 0u);
}

BOOST_AUTO_TEST_CASE(that_waits_for_its_next_try_ends_at_once_when_told) {
  cloud->launch_failures.assign(9, proxy_error);
  start();
  advance(1s);
  send(msg::drain_gpu{"the node drains"});
  BOOST_TEST(log->first("phase gone") == 1'000);
  advance(2min);
  BOOST_TEST(log->count("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(told_to_stop_after_a_lost_answer_is_still_looked_up) {
  cloud->lose_answers = 1;
  start();
  advance(1s);
  send(msg::halt_gpu{"the node stops"});
  advance(1min);
  BOOST_TEST(log->times("stop w1") == "2500");
  BOOST_TEST(cloud->running() == 0u);
  BOOST_TEST((phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_boot, gpu_world)

BOOST_AUTO_TEST_CASE(is_noticed_within_50_ms_when_it_is_short) {
  cloud->boot_time = 777ms;
  start();
  advance(10s);
  auto ready = log->first("phase ready");
  BOOST_TEST(ready >= 777);
  BOOST_TEST(ready <= 777 + 50);
}

BOOST_AUTO_TEST_CASE(is_noticed_within_2_percent_when_it_is_long) {
  cloud->boot_time = 60s;
  start();
  advance(2min);
  auto ready = log->first("phase ready");
  BOOST_TEST(ready >= 60'000);
  BOOST_TEST(ready <= 60'000 + 1'200);
}

BOOST_AUTO_TEST_CASE(waits_for_each_service_by_itself) {
  cloud->service_time = {{"csm", 2s}, {"whisper", 5s}};
  start();
  advance(4s);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(updates->back().ready_kinds.size() == 1u);
  BOOST_TEST(log->first("phase ready") >= 3'000);
  BOOST_TEST(log->first("phase ready") <= 3'060);
  advance(3s);
  BOOST_TEST(updates->back().ready_kinds.size() == 2u);
}

BOOST_AUTO_TEST_CASE(that_never_ends_is_given_up_after_the_boot_timeout) {
  cloud->boot_time = 24h;
  cfg.boot_timeout = 600s;
  start();
  advance(1h);
  auto stopped = log->first("stop w1");
  BOOST_TEST(stopped > 600'000);
  BOOST_TEST(stopped <= 602'000);
  BOOST_TEST(log->count("launch") == 1u);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(updates->back().failed);
}

BOOST_AUTO_TEST_CASE(without_any_service_is_given_up) {
  cloud->service_time = {{"csm", 24h}, {"whisper", 24h}};
  start();
  advance(1h);
  // The GPU answers after a second; speech services have 25 s from then.
  auto stopped = log->first("stop w1");
  BOOST_TEST(stopped > 26'000);
  BOOST_TEST(stopped <= 27'000);
}

BOOST_AUTO_TEST_CASE(with_one_dead_service_serves_the_others) {
  cloud->service_time = {{"csm", 24h}};
  cfg.idle_timeout = 24h;
  start();
  advance(1min);
  BOOST_TEST((phase() == gpu_phase::ready));
  run_job("a", "whisper");
  run_job("b", "csm");
  BOOST_TEST(log->count("render a on n1") == 1u);
  BOOST_TEST(log->count("ended b unavailable") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
