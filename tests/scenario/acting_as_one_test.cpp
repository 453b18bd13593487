// Workers whose SUPERVISORs hear of each other launch what the work needs, each
// GPU once; one that hears nothing does what strangers do.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

struct fixture : fleet_scenario {
  explicit fixture(size_t workers = 3) : fleet_scenario(linked()) {
    given_workers(workers);
    // They have told each other, and nobody has come for a moment.
    after(30);
  }

  static sim_options linked() {
    sim_options out;
    out.cluster = true;
    return out;
  }

  void cut_off(uint64_t client) {
    for (auto& [other, x] : world->nodes())
      if (other != client) {
        world->peers.cut(client, other);
        world->peers.cut(other, client);
      }
  }

  void when_jobs_are_pushed(size_t count, double work_s) {
    for (size_t i = 0; i < count; ++i)
      when_a_job_is_pushed("csm", work_s);
  }

  bool all_succeeded() const {
    for (size_t i = 0; i < world->jobs.size(); ++i)
      if (status(i) != "success")
        return false;
    return true;
  }

  void until_all_succeeded(double limit_s = 3600) {
    BOOST_TEST(until(
                 [this] {
                   return all_succeeded();
                 },
                 limit_s)
               >= 0);
    BOOST_TEST(broken_rule() == "");
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(workers_that_hear_of_each_other, fixture)

BOOST_AUTO_TEST_CASE(launch_one_gpu_for_one_job_at_once) {
  when_jobs_are_pushed(1, 5);
  auto took_s = until([this] {
    return world->cloud.launches() > 0;
  });
  BOOST_TEST(took_s >= 0);
  BOOST_TEST(took_s < 1);
  until_all_succeeded();
  BOOST_TEST(world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(launch_all_that_a_burst_needs_within_a_second) {
  when_jobs_are_pushed(12, 60);
  after(1);
  auto launches = world->cloud.launches();
  BOOST_TEST(launches >= 3u);
  BOOST_TEST(launches <= 12u);
  after(20);
  BOOST_TEST(world->cloud.launches() == launches);
  until_all_succeeded();
}

BOOST_AUTO_TEST_CASE(rent_no_gpu_a_job_for_a_burst_of_short_ones) {
  // So long is a run, as they have seen.
  when_jobs_are_pushed(1, 2);
  until_all_succeeded();
  auto before = world->cloud.launches();
  when_jobs_are_pushed(6, 2);
  until_all_succeeded();
  BOOST_TEST(world->cloud.launches() == before);
}

BOOST_AUTO_TEST_CASE(let_a_warm_gpu_of_another_take_the_job) {
  when_jobs_are_pushed(1, 5);
  until_all_succeeded();
  // Its other services are up by then.
  after(20);
  auto job = when_a_job_is_pushed("csm", 5);
  BOOST_TEST(until([&] {
               return status(job) == "success";
             })
             < 12);
  BOOST_TEST(world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(go_on_by_themselves_when_they_are_cut_off) {
  cut_off(1);
  after(30);
  when_jobs_are_pushed(3, 20);
  until_all_succeeded();
  BOOST_TEST(world->cloud.launches() <= 4u);
}

BOOST_AUTO_TEST_CASE(do_what_strangers_do_when_all_are_cut_off) {
  cut_off(1);
  cut_off(2);
  after(30);
  when_jobs_are_pushed(1, 5);
  // The random wait of those who know of nobody.
  after(14);
  BOOST_TEST(world->cloud.launches() == 0u);
  until_all_succeeded();
  BOOST_TEST(world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(plan_together_again_after_the_mend) {
  cut_off(1);
  cut_off(2);
  after(60);
  for (uint64_t x = 1; x <= 3; ++x)
    for (uint64_t y = 1; y <= 3; ++y)
      world->peers.mend(x, y);
  after(30);
  when_jobs_are_pushed(1, 5);
  after(1);
  BOOST_TEST(world->cloud.launches() == 1u);
  until_all_succeeded();
}

BOOST_AUTO_TEST_CASE(lose_nothing_when_the_one_with_the_gpu_dies) {
  when_jobs_are_pushed(1, 5);
  until_all_succeeded();
  auto owner = world->jobs.size();
  when_jobs_are_pushed(1, 60);
  until([&] {
    return status(owner) == "running";
  });
  for (auto& [client, x] : world->nodes())
    if (field(owner, "locked_by") == "w" + std::to_string(client)) {
      world->kill_node(client);
      break;
    }
  until_all_succeeded();
}

BOOST_AUTO_TEST_SUITE_END()
