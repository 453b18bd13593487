// Every final status with a notify_url is delivered at least once or ends in a
// dead-letter list that a person can replay.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

namespace {

size_t push_for(fleet_scenario& s, const std::string& host) {
  sim_job x;
  x.type = "whisper";
  x.duration_s = 2;
  x.notify_url = "http://" + host + "/done";
  return s.when_this_is_pushed(std::move(x));
}

bool is_dead_letter(fleet_scenario& s, size_t job) {
  auto* dead = s.world->redis.server().find("c3:webhooks:dead");
  return dead
         && std::get<redis_zset>(dead->data)
              .scores.contains(job_table::id_of(job));
}

} // namespace

BOOST_AUTO_TEST_SUITE(promise_2_webhooks)

BOOST_AUTO_TEST_CASE(a_dead_receiver_ends_among_the_dead_letters) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto job = push_for(s, "nobody.sim");
  BOOST_TEST(s.until([&] {
    return s.status(job) == "success";
  }) > 0);
  auto took = s.until([&] {
    return is_dead_letter(s, job);
  });
  // Five tries, five seconds apart.
  BOOST_TEST(took >= 20.0);
  BOOST_TEST(took < 20.3);
  BOOST_TEST(!s.world->redis.server().find("c3:outbox"));
}

BOOST_AUTO_TEST_CASE(a_slow_receiver_holds_up_nobody) {
  fleet_scenario s;
  s.world->web.serve("slow.sim", [](const exchange_ptr& x) {
    x->hang();
  });
  s.given_a_warm_worker();
  push_for(s, "slow.sim");
  auto job = push_for(s, "hooks.sim");
  s.until([&] {
    return s.status(job) == "success";
  });
  auto took = s.until([&] {
    return s.deliveries(job) == 1;
  });
  BOOST_TEST(took >= 0);
  BOOST_TEST(took < 0.3);
}

BOOST_AUTO_TEST_CASE(another_worker_delivers_what_a_dead_one_owed) {
  fleet_scenario s;
  s.world->web.serve("late.sim", [](const exchange_ptr& x) {
    x->hang();
  });
  s.given_workers(2);
  auto job = push_for(s, "late.sim");
  s.until([&] {
    return s.status(job) == "success";
  });
  s.after(1);
  auto owner = s.field(job, "locked_by");
  s.world->kill_node(s.world->find_node(owner)->client);
  s.world->places.add_receiver("late.sim", receiver_mood::prompt);
  auto took = s.until([&] {
    return s.deliveries(job) == 1;
  });
  // The lease of an outbox entry is a minute, a sweep comes every 15 s.
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 80);
}

BOOST_AUTO_TEST_SUITE_END()
