// A worker that lacks its disk or storage reports that, claims nothing, and
// gives its jobs back uncounted.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <vector>

using namespace render;
using namespace render::harness;

namespace {

/// Counts begun renders by job.
struct counted_fleet : fleet_scenario {
  explicit counted_fleet(environment settings = {})
    : fleet_scenario(1, std::move(settings)) {
    world->cloud.on_run = [this, then = world->cloud.on_run](const sim_gpu& gpu,
                                                             const sim_run& run,
                                                             bool begins) {
      renders[run.job] += begins ? 1 : 0;
      then(gpu, run, begins);
    };
  }

  std::map<size_t, size_t> renders;
};

size_t succeeded(const fleet_scenario& s, const std::vector<size_t>& jobs) {
  return static_cast<size_t>(
    std::count_if(jobs.begin(), jobs.end(), [&](size_t x) {
      return s.status(x) == "success";
    }));
}

} // namespace

BOOST_AUTO_TEST_SUITE(promise_8_an_unfit_worker)

BOOST_AUTO_TEST_CASE(with_a_full_disk_leaves_all_jobs_to_a_healthy_one) {
  counted_fleet s;
  s.given_workers(2);
  s.world->fill_disk(1, true);
  std::vector<size_t> jobs;
  for (int i = 0; i < 20; ++i)
    jobs.push_back(s.when_a_job_is_pushed(i % 2 ? "csm" : "whisper", 2));
  s.until([&] {
    return succeeded(s, jobs) == jobs.size();
  });
  BOOST_TEST(succeeded(s, jobs) == jobs.size());
  for (auto x : jobs) {
    BOOST_TEST(s.field(x, "attempt") == "1");
    BOOST_TEST(s.field(x, "settled_by").starts_with("w2 "));
  }
  BOOST_TEST(s.broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(claims_again_when_its_disk_has_room) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->fill_disk(1, true);
  auto job = s.when_a_job_is_pushed("whisper", 2);
  s.after(60);
  BOOST_TEST(s.status(job) == "queued");
  s.world->fill_disk(1, false);
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(took > 0);
  // The next check is due within half a minute.
  BOOST_TEST(took < 40);
  BOOST_TEST(s.field(job, "attempt") == "1");
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(whose_storage_is_down_renders_once_and_on_one_gpu) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->set_storage_down(true);
  std::vector<size_t> jobs;
  for (int i = 0; i < 4; ++i)
    jobs.push_back(s.when_a_job_is_pushed("csm", 3));
  s.after(26);
  BOOST_TEST(succeeded(s, jobs) == 0u);
  s.world->set_storage_down(false);
  s.until(
    [&] {
      return succeeded(s, jobs) == jobs.size();
    },
    200);
  BOOST_TEST(succeeded(s, jobs) == jobs.size());
  for (auto x : jobs) {
    BOOST_TEST(s.renders[x] == 1u);
    BOOST_TEST(s.field(x, "attempt") == "1");
  }
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.broken_rule() == "");
}

// The result outlives the GPU that made it.
BOOST_AUTO_TEST_CASE(keeps_a_result_longer_than_its_gpu) {
  counted_fleet s{{{"GPU_IDLE_TIMEOUT", "20"}}};
  s.given_workers(1);
  s.after(1);
  auto job = s.when_a_job_is_pushed("csm", 3);
  s.until([&] {
    return s.renders_running() == 1;
  });
  s.world->set_storage_down(true);
  s.after(300);
  BOOST_TEST(s.gpus_running() == 0u);
  BOOST_TEST(s.status(job) == "running");
  s.world->set_storage_down(false);
  auto took = s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 40);
  BOOST_TEST(s.world->cloud.launches() == 1u);
  BOOST_TEST(s.renders[job] == 1u);
}

BOOST_AUTO_TEST_CASE(fails_a_job_at_its_deadline_and_blames_the_storage) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->set_storage_down(true);
  auto job = s.when_a_job_is_pushed("csm", 3);
  s.until(
    [&] {
      return s.status(job) == "failed";
    },
    1'300);
  BOOST_TEST(s.field(job, "error")
             == "Job exceeded maximum runtime of 1200 seconds; it was "
                "rendered, but the storage did not take the result");
  BOOST_TEST(s.renders[job] == 1u);
}

BOOST_AUTO_TEST_CASE(gives_a_kept_result_back_when_it_stops) {
  counted_fleet s;
  s.given_a_warm_worker();
  s.world->set_storage_down(true);
  auto job = s.when_a_job_is_pushed("csm", 3);
  s.after(20);
  s.world->drain_node(1);
  s.until(
    [&] {
      return s.world->find_node(1)->drained;
    },
    300);
  BOOST_TEST(s.world->find_node(1)->drained);
  BOOST_TEST(s.status(job) == "queued");
  s.world->set_storage_down(false);
  s.given_workers(1);
  s.until([&] {
    return s.status(job) == "success";
  });
  BOOST_TEST(s.status(job) == "success");
  BOOST_TEST(s.field(job, "attempt") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
