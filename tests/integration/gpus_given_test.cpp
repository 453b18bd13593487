// On a real redis-server: GPUs that go from one worker to another, and the
// workers' heartbeats.
#include "tests/integration/redis_store.hpp"
#include "tests/support/ledger_entry.hpp"

using namespace render;
using namespace std::chrono_literals;

namespace {

struct fixture : harness::redis_store {
  std::vector<ledger_id> hand_over(std::vector<ledger_id> entries) {
    auto got = ask<msg::gpus_handed_over>(
      store,
      msg::hand_over_gpus{std::move(entries), "worker-b", {{entry.id, 40}}});
    BOOST_REQUIRE_MESSAGE(got, got.error().message);
    return got->entries;
  }

  bool write(const gpu_entry& x) {
    return ask<caf::ok_atom>(store, msg::write_gpu{x}).has_value();
  }

  const gpu_entry entry = harness::running_entry();
  const std::vector<ledger_id> ids{entry.id};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(given_gpus_on_redis, fixture)

BOOST_AUTO_TEST_CASE(are_the_others_to_take_before_their_lease_runs_out) {
  BOOST_REQUIRE(write(entry));
  BOOST_TEST(hand_over(ids) == ids);
  BOOST_TEST(hand_over(ids) == ids);
  BOOST_TEST(redis.field("c3:gpu:e1", "owner") == "");
  BOOST_TEST(!write(entry));
  // Its own lease is short, since it takes nothing over before that has passed.
  auto other = spawn("worker-b", 200ms);
  msg::gpus_taken taken;
  BOOST_REQUIRE(harness::wait_until([&] {
    auto got = ask<msg::gpus_taken>(other, msg::take_gpus{});
    if (got)
      taken = *got;
    return !taken.entries.empty();
  }));
  BOOST_TEST((taken.entries == std::vector{entry}));
  BOOST_REQUIRE(taken.given.size() == 1u);
  // It had been idle for 40 s, and waited meanwhile.
  BOOST_TEST(taken.given.begin()->first == entry.id);
  BOOST_TEST(taken.given.begin()->second >= 40);
  BOOST_TEST(taken.given.begin()->second < 70);
  BOOST_TEST(redis.field("c3:gpu:e1", "owner") == "worker-b");
  BOOST_TEST(redis.cmd("EXISTS", "c3:given:worker-b").integer == 0);
}

BOOST_AUTO_TEST_CASE(are_found_by_a_worker_of_the_version_before) {
  BOOST_REQUIRE(write(entry));
  hand_over(ids);
  auto lives = redis.cmd("PTTL", "c3:given:worker-b").integer;
  BOOST_TEST((lives > 50'000 && lives <= 60'000));
  auto until = std::strtod(redis.cmd("ZSCORE", "c3:gpus", "e1").text.c_str(),
                           nullptr);
  auto now_ms = harness::unix_now() * 1000;
  // As a dead worker's, which such a worker takes when this has passed.
  BOOST_TEST(until > now_ms + 25'000);
  BOOST_TEST(until < now_ms + 31'000);
}

BOOST_AUTO_TEST_CASE(of_the_worker_alone_change_hands) {
  BOOST_REQUIRE(write(entry));
  redis.cmd("HSET", "c3:gpu:e1", "owner", "worker-c");
  BOOST_TEST(hand_over(ids).empty());
  BOOST_TEST(hand_over({"none"}).empty());
  BOOST_TEST(redis.field("c3:gpu:e1", "owner") == "worker-c");
  BOOST_TEST(redis.cmd("EXISTS", "c3:gpu:none").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_is_written_and_expires) {
  msg::node_status x;
  x.running_jobs = {"a"};
  caf::anon_send(store, x);
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.field("c3:worker:worker-a", "jobs") == "1";
  }));
  auto lives = redis.cmd("PTTL", "c3:worker:worker-a").integer;
  BOOST_TEST((lives > 30'000 && lives <= 35'000));
  BOOST_TEST(!redis.cmd("ZSCORE", "c3:workers", "worker-a").nil);
  x.draining = true;
  caf::anon_send(store, x);
  BOOST_TEST(harness::wait_until([&] {
    return redis.field("c3:worker:worker-a", "draining") == "1";
  }));
}

BOOST_AUTO_TEST_CASE(a_heartbeat_brings_what_is_wished) {
  caf::scoped_actor self{*system};
  auto tell = [&] {
    self->request(store, 5s, msg::node_status{})
      .receive([](const msg::fleet_orders&) {},
               [](const caf::error& err) {
                 BOOST_FAIL(to_failure(err).message);
               });
  };
  tell();
  auto own = redis.field("c3:worker:worker-a", "incarnation");
  redis.cmd("HSET", "c3:wishes:worker-a", "drain", own + " ann");
  tell();
  std::string reason;
  self->receive(
    [&](const msg::drain_node& x) {
      reason = x.reason;
      BOOST_TEST(!x.hurries);
    },
    caf::after(5s) >> [] {});
  BOOST_TEST(reason == "wished by ann");
}

BOOST_AUTO_TEST_SUITE_END()
