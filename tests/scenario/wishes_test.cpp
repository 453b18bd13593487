// What an operator wishes of a worker or of a GPU, from the key in Redis on.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

/// A job of a minute runs on the warm GPU of w1.
struct wished_fleet : fleet_scenario {
  wished_fleet() : fleet_scenario(1, {{"GPU_IDLE_TIMEOUT", "600"}}) {
    given_a_warm_worker();
    job = when_a_job_is_pushed("csm", 60);
    until([this] {
      return renders_running() == 1;
    });
    begun_s = now_s();
  }

  std::string gpu() const {
    for (auto& [key, value] : world->redis.server().data())
      if (key.starts_with("c3:gpu:"))
        return key.substr(7);
    return {};
  }

  /// As c3ctl and the HTTP service write it.
  void wish(const std::string& field, const std::string& text) {
    auto& redis = world->redis.server();
    redis.run({"HSET", "c3:wishes:w1", field, text});
    redis.run({"EXPIRE", "c3:wishes:w1", "60"});
  }

  std::string incarnation() const {
    return std::string{
      world->redis.server().field("c3:worker:w1", "incarnation")};
  }

  bool has_ended() {
    return world->find_node(1)->drained;
  }

  /// Seconds since the job's begin.
  double until_its_end() {
    until([this] {
      return status(job) != "running" && status(job) != "queued";
    });
    return now_s() - begun_s;
  }

  size_t job = 0;
  double begun_s = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(wishes, wished_fleet)

BOOST_AUTO_TEST_CASE(a_worker_drains_as_after_a_signal) {
  wish("drain", incarnation() + " ann");
  after(11);
  BOOST_TEST(world->redis.server().field("c3:worker:w1", "draining") == "1");
  auto late = when_a_job_is_pushed("csm", 1);
  auto took_s = until_its_end();
  BOOST_TEST(status(job) == "success");
  // It was not hurried by the wish that is there yet.
  BOOST_TEST(took_s > 55);
  BOOST_TEST(field(job, "attempt") == "1");
  after(60);
  BOOST_TEST(has_ended());
  BOOST_TEST(world->find_node(1)->clean);
  BOOST_TEST(gpus_running() == 0u);
  BOOST_TEST(status(late) == "queued");
  BOOST_TEST(broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_process_of_before_was_meant) {
  wish("drain", "17 ann");
  after(120);
  BOOST_TEST(!has_ended());
  BOOST_TEST(status(job) == "success");
}

BOOST_AUTO_TEST_CASE(a_gpu_ends_its_job_and_stops) {
  wish("gpu:" + gpu(), "drain ann");
  auto took_s = until_its_end();
  BOOST_TEST(status(job) == "success");
  BOOST_TEST(took_s > 55);
  BOOST_TEST(until([this] {
               return gpus_running() == 0;
             })
             < 10);
  BOOST_TEST(!has_ended());
  // The worker goes on, with another GPU.
  auto next = when_a_job_is_pushed("csm", 1);
  until([&] {
    return status(next) == "success";
  });
  BOOST_TEST(world->cloud.launches() == 2u);
  BOOST_TEST(broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_gpu_stops_at_once_and_its_job_begins_again_uncounted) {
  auto before = gpu();
  wish("gpu:" + before, "stop ann");
  BOOST_TEST(until([&] {
               return gpu() != before;
             })
             < 15);
  BOOST_TEST(status(job) != "failed");
  until_its_end();
  BOOST_TEST(status(job) == "success");
  BOOST_TEST(field(job, "attempt") == "1");
  BOOST_TEST(field(job, "history") == "");
  BOOST_TEST(world->cloud.launches() == 2u);
  BOOST_TEST(!has_ended());
  BOOST_TEST(broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(a_gpu_of_nobody_changes_nothing) {
  wish("gpu:none", "stop ann");
  BOOST_TEST(until_its_end() > 55);
  BOOST_TEST(status(job) == "success");
  BOOST_TEST(gpus_running() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
