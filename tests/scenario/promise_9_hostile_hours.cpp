// Faults around a worker cost no job, no render and no needless GPU: a part
// that ends, a storage that is down for an hour, names that do not resolve.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <vector>

using namespace render;
using namespace render::harness;

namespace {

constexpr std::chrono::seconds restart{5};

/// Counts begun renders by job.
struct counted_fleet : fleet_scenario {
  explicit counted_fleet(environment settings = {}, audit_limits limits = {})
    : fleet_scenario(1, std::move(settings), limits) {
    world->cloud.on_run = [this, then = world->cloud.on_run](const sim_gpu& gpu,
                                                             const sim_run& run,
                                                             bool begins) {
      renders[run.job] += begins ? 1 : 0;
      then(gpu, run, begins);
    };
  }

  /// Within milliseconds, the time of Redis' answers: there is nothing else to
  /// wait for.
  bool begins_at_once(size_t job) {
    auto took = until(
      [&] {
        return status(job) == "running";
      },
      1);
    return took >= 0 && took < 0.006;
  }

  bool succeeds_within(size_t job, double limit_s) {
    return until(
             [&] {
               return status(job) == "success";
             },
             limit_s)
           >= 0;
  }

  size_t push_for(const std::string& receiver, double work_s) {
    sim_job x;
    x.type = "csm";
    x.duration_s = work_s;
    x.notify_url = "http://" + receiver + "/done";
    return when_this_is_pushed(std::move(x));
  }

  std::map<size_t, size_t> renders;
};

/// Limits for runs in which a dead worker's GPUs wait for another worker.
audit_limits patient() {
  audit_limits out;
  out.idle_tolerance_s = 240;
  out.warm_slot_s = 90;
  out.dead_gpu_s = 300;
  out.orphan_s = 300;
  return out;
}

/// Loses the answer of a launch of worker 1, whose clock is ahead by more than
/// the tolerated difference. Returns the job of the launch.
size_t lose_the_answer_of_a_launch(counted_fleet& s) {
  s.world->jump_clock(1, 900);
  s.world->cloud.faults.launch_answer_lost = 1;
  auto job = s.when_a_job_is_pushed("csm", 5);
  s.until([&] {
    return s.gpus_running() == 1;
  });
  s.world->cloud.faults.launch_answer_lost = 0;
  return job;
}

} // namespace

BOOST_AUTO_TEST_SUITE(promise_9_hostile_hours)

BOOST_AUTO_TEST_CASE(a_part_that_ends_costs_one_render_and_no_job) {
  for (auto& part : sim_world::part_names()) {
    BOOST_TEST_CONTEXT(part) {
      counted_fleet s{{}, patient()};
      s.given_a_warm_worker();
      auto job = s.when_a_job_is_pushed("csm", 30);
      s.after(5);
      BOOST_TEST(s.status(job) == "running");
      s.world->end_part(1, part, restart);
      // The worker has reported its end, and a new one was started.
      s.after(11);
      BOOST_TEST(!s.world->find_node(1)->alive);
      BOOST_TEST_REQUIRE(s.world->find_node(2) != nullptr);
      BOOST_TEST(s.succeeds_within(job, 600));
      s.after(1);
      BOOST_TEST(s.deliveries(job) > 0u);
      BOOST_TEST(s.renders[job] == 2u);
      for (int i = 0; i < 200 && s.gpus_running() > 0; ++i)
        s.after(10);
      BOOST_TEST(s.gpus_running() == 0u);
      BOOST_TEST(s.broken_rule() == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(
  an_hour_without_storage_costs_no_gpu_and_no_second_render) {
  counted_fleet s;
  s.given_workers(2);
  std::vector<size_t> rendered;
  for (int i = 0; i < 2; ++i)
    rendered.push_back(s.when_a_job_is_pushed("csm", 5));
  s.until([&] {
    return s.renders_running() > 0;
  });
  s.world->set_storage_down(true);
  s.after(120);
  std::vector<size_t> later;
  for (int i = 0; i < 10; ++i)
    later.push_back(s.when_a_job_is_pushed("csm", 5));
  auto launches = s.world->cloud.launches();
  s.after(480);
  BOOST_TEST(s.gpus_running() == 0u);
  s.after(3'000);
  // Their time limit has passed, and the record tells what was missing.
  size_t late = 0;
  for (auto x : rendered)
    if (s.renders[x] > 0) {
      ++late;
      BOOST_TEST(s.renders[x] == 1u);
      BOOST_TEST(s.field(x, "error").find("the storage did not take the result")
                 != std::string::npos);
    }
  BOOST_TEST(late > 0u);
  for (auto x : later)
    BOOST_TEST(s.status(x) == "queued");
  BOOST_TEST(s.world->cloud.launches() == launches);
  BOOST_TEST(s.gpus_running() == 0u);
  s.world->set_storage_down(false);
  for (auto x : later) {
    BOOST_TEST(s.succeeds_within(x, 300));
    BOOST_TEST(s.renders[x] == 1u);
    BOOST_TEST(s.field(x, "attempt") == "1");
  }
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(an_input_whose_name_hangs_delays_no_other_job) {
  counted_fleet s{{{"JOBS_PER_GPU", "2"}}};
  s.given_a_warm_worker();
  s.world->web.hang_look_ups(0, sim_places::inputs_host, true);
  auto hung = s.when_a_job_is_pushed("whisper", 5);
  BOOST_TEST(s.begins_at_once(hung));
  for (int i = 0; i < 5; ++i) {
    auto other = s.when_a_job_is_pushed("csm", 2);
    BOOST_TEST(s.begins_at_once(other));
    BOOST_TEST(s.succeeds_within(other, 2.5));
    s.after(0.5);
    BOOST_TEST(s.deliveries(other) == 1u);
  }
  BOOST_TEST(s.renders[hung] == 0u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_receiver_whose_name_hangs_delays_no_other_webhook) {
  counted_fleet s;
  s.world->places.add_receiver("hung.sim", receiver_mood::prompt);
  s.given_a_warm_worker();
  s.world->web.hang_look_ups(0, "hung.sim", true);
  std::vector<size_t> hung;
  for (int i = 0; i < 20; ++i) {
    hung.push_back(s.push_for("hung.sim", 1));
    auto other = s.push_for("hooks.sim", 1);
    BOOST_TEST(s.succeeds_within(other, 5));
    s.after(0.5);
    BOOST_TEST(s.deliveries(other) == 1u);
    BOOST_TEST(s.deliveries(hung.back()) == 0u);
  }
  s.world->web.hang_look_ups(0, "hung.sim", false);
  for (auto x : hung)
    BOOST_TEST(s.until(
                 [&] {
                   return s.deliveries(x) == 1;
                 },
                 900)
               >= 0);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_provider_whose_name_hangs_delays_no_warm_gpu) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->web.hang_look_ups(0, sim_cloud::api_host, true);
  for (int i = 0; i < 20; ++i) {
    auto job = s.when_a_job_is_pushed("csm", 5);
    BOOST_TEST(s.begins_at_once(job));
    BOOST_TEST(s.succeeds_within(job, 6));
    s.after(10);
  }
  // The GPU is idle for long enough, and is stopped as soon as the provider can
  // be asked.
  s.after(600);
  BOOST_TEST(s.gpus_running() == 1u);
  s.world->web.hang_look_ups(0, sim_cloud::api_host, false);
  auto took = s.until([&] {
    return s.gpus_running() == 0;
  });
  BOOST_TEST(took >= 0);
  BOOST_TEST(took < 120);
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(
  a_worker_that_cannot_resolve_the_storage_leaves_jobs_alone) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->web.hang_look_ups(1, sim_places::storage_host, true);
  auto kept = s.when_a_job_is_pushed("csm", 3);
  s.after(60);
  BOOST_TEST(s.status(kept) == "running");
  s.given_workers(1);
  std::vector<size_t> jobs;
  for (int i = 0; i < 5; ++i)
    jobs.push_back(s.when_a_job_is_pushed("csm", 3));
  for (auto x : jobs) {
    BOOST_TEST(s.succeeds_within(x, 300));
    BOOST_TEST(s.field(x, "settled_by").starts_with("w2 "));
    BOOST_TEST(s.field(x, "attempt") == "1");
  }
  s.world->web.hang_look_ups(1, sim_places::storage_host, false);
  BOOST_TEST(s.succeeds_within(kept, 60));
  BOOST_TEST(s.renders[kept] == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

// Without inputs, storage and provider the worker gives its job back and claims
// no other. A job without inputs asks for nobody's name but the GPU's.
BOOST_AUTO_TEST_CASE(a_worker_that_can_resolve_nothing_fails_no_job) {
  for (std::string type : {"whisper", "csm"}) {
    BOOST_TEST_CONTEXT(type) {
      counted_fleet s{{}, patient()};
      s.given_a_warm_worker();
      s.world->web.hang_look_ups(1, sim_web::any_host, true);
      std::vector<size_t> jobs;
      for (int i = 0; i < 6; ++i)
        jobs.push_back(s.when_a_job_is_pushed(type, 3));
      s.after(60);
      s.given_workers(1);
      for (auto x : jobs) {
        BOOST_TEST(s.succeeds_within(x, 600));
        BOOST_TEST(s.field(x, "settled_by").starts_with("w2 "));
        BOOST_TEST(s.field(x, "attempt") == "1");
      }
      s.world->web.hang_look_ups(1, sim_web::any_host, false);
      for (int i = 0; i < 200 && s.gpus_running() > 0; ++i)
        s.after(10);
      BOOST_TEST(s.gpus_running() == 0u);
      BOOST_TEST(s.broken_rule() == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_ends_and_repeats_no_render) {
  counted_fleet s;
  s.given_a_warm_worker();
  for (double by_s : {600.0, -1'200.0, 30.0, 1'100.0, -530.0}) {
    auto job = s.when_a_job_is_pushed("csm", 20);
    s.after(5);
    s.world->jump_clock(1, by_s);
    BOOST_TEST(s.succeeds_within(job, 17));
    s.after(0.5);
    BOOST_TEST(s.renders[job] == 1u);
    BOOST_TEST(s.field(job, "attempt") == "1");
    BOOST_TEST(s.deliveries(job) == 1u);
  }
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

// The GPU is found all the same.
BOOST_AUTO_TEST_CASE(a_clock_that_is_ahead_hides_no_launch) {
  counted_fleet s;
  s.given_workers(1);
  auto job = lose_the_answer_of_a_launch(s);
  BOOST_TEST(s.succeeds_within(job, 300));
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

// The same with a dead worker: another worker finds the GPU.
BOOST_AUTO_TEST_CASE(nor_that_of_a_dead_worker) {
  counted_fleet s{{}, patient()};
  s.given_workers(1);
  auto job = lose_the_answer_of_a_launch(s);
  s.world->kill_node(1);
  s.given_workers(1);
  BOOST_TEST(s.succeeds_within(job, 600));
  for (int i = 0; i < 100 && s.gpus_running() > 0; ++i)
    s.after(10);
  BOOST_TEST(s.gpus_running() == 0u);
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_SUITE_END()
