// A worker that leaves gives its warm GPU to another one: a rolling upgrade
// pays for no second boot, and no moment at which the first one is killed
// leaves a GPU behind.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;

namespace {

/// Worker w1 has a warm GPU, and sees w2.
struct fixture : fleet_scenario {
  explicit fixture(uint64_t seed = 1)
    : fleet_scenario(seed, {{"GPU_IDLE_TIMEOUT", "600"}}) {
    given_a_warm_worker();
    given_workers(1);
    // What dead workers left may be taken over after the time of a lease.
    after(40);
    sees(1, "w2");
  }

  void sees(uint64_t client, const std::string& other) {
    fleet_member there;
    there.who.name = worker_id{other};
    there.linked = true;
    type_facts served;
    served.type = workload_type{"media:fast"};
    there.facts.types.push_back(served);
    caf::anon_send(world->find_node(client)->deciding.supervisor,
                   msg::fleet_view{{there}});
  }

  /// As the first worker's PEERS tell the second one's.
  void tell(uint64_t client) {
    caf::anon_send(world->find_node(client)->deciding.supervisor,
                   msg::gpus_given{"w1", "w2"});
  }

  /// Of the only entry in the ledger: "-" when there is none.
  std::string owner() const {
    for (auto& [key, value] : world->redis.server().data())
      if (key.starts_with("c3:gpu:"))
        return std::string{world->redis.server().field(key, "owner")};
    return "-";
  }

  void until_given() {
    BOOST_REQUIRE(until(
                    [this] {
                      return owner().empty();
                    },
                    200)
                  >= 0);
  }

  /// Its idle time, and a moment in which the provider says so.
  void until_no_gpu_runs() {
    BOOST_TEST(until(
                 [this] {
                   return gpus_running() == 0;
                 },
                 700)
               >= 0);
    after(2);
    BOOST_TEST(broken_rule() == "");
  }

  bool has_drained(uint64_t client) {
    auto* x = world->find_node(client);
    return x->drained && x->clean;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_drain_with_two_workers, fixture)

BOOST_AUTO_TEST_CASE(runs_the_next_job_on_the_warm_gpu_without_a_launch) {
  world->drain_node(1);
  until_given();
  tell(2);
  auto job = when_a_job_is_pushed("csm", 5);
  BOOST_TEST(until([&] {
               return status(job) == "success";
             })
             < 20);
  BOOST_TEST(owner() == "w2");
  BOOST_TEST(world->cloud.launches() == 1u);
  BOOST_TEST(has_drained(1));
  BOOST_TEST(broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(lets_the_running_job_end_first) {
  auto job = when_a_job_is_pushed("csm", 60);
  until([this] {
    return renders_running() == 1;
  });
  BOOST_TEST(field(job, "locked_by") == "w1");
  world->drain_node(1);
  after(30);
  BOOST_TEST(owner() == "w1");
  until_given();
  BOOST_TEST(status(job) == "success");
  tell(2);
  after(10);
  BOOST_TEST(owner() == "w2");
  BOOST_TEST(gpus_running() == 1u);
  BOOST_TEST(broken_rule() == "");
}

// An orphan would be stopped after 15 s without a job.
BOOST_AUTO_TEST_CASE(keeps_the_gpu_warm_for_as_long_as_an_idle_one) {
  world->drain_node(1);
  until_given();
  tell(2);
  after(500);
  BOOST_TEST(gpus_running() == 1u);
  auto job = when_a_job_is_pushed("csm", 5);
  BOOST_TEST(until([&] {
               return status(job) == "success";
             })
             < 20);
  BOOST_TEST(world->cloud.launches() == 1u);
  BOOST_TEST(broken_rule() == "");
}

BOOST_AUTO_TEST_CASE(needs_no_message) {
  world->drain_node(1);
  until_given();
  BOOST_TEST(until(
               [this] {
                 return owner() == "w2";
               },
               60)
             >= 0);
  BOOST_TEST(world->cloud.launches() == 1u);
  // Nobody needs it.
  until_no_gpu_runs();
}

BOOST_AUTO_TEST_CASE(leaks_nothing_when_the_first_is_killed_after_the_script) {
  world->drain_node(1);
  until_given();
  world->kill_node(1);
  BOOST_TEST(until(
               [this] {
                 return owner() == "w2";
               },
               60)
             >= 0);
  until_no_gpu_runs();
  BOOST_TEST(owner() == "-");
}

BOOST_AUTO_TEST_CASE(leaks_nothing_when_both_die) {
  world->drain_node(1);
  until_given();
  world->kill_node(1);
  world->kill_node(2);
  given_workers(1);
  until_no_gpu_runs();
  BOOST_TEST(owner() == "-");
}

// Nothing but the script's word counts.
BOOST_AUTO_TEST_CASE(leaks_nothing_when_the_second_is_not_there) {
  sees(1, "w9");
  world->drain_node(1);
  until_given();
  until_no_gpu_runs();
  BOOST_TEST(has_drained(1));
}

BOOST_AUTO_TEST_CASE(keeps_the_gpu_when_redis_loses_its_data_meanwhile) {
  world->drain_node(1);
  until_given();
  world->redis.crash();
  world->replace_redis_data({});
  world->redis.start();
  until_no_gpu_runs();
}

BOOST_AUTO_TEST_SUITE_END()
