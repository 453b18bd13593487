// The entry of a dead worker's GPU stays in the ledger until another worker has
// the GPU, however often Redis loses the entry.
#include "tests/scenario/store_world.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace render;
using namespace render::harness;

namespace {

struct fixture : store_world {
  fixture() {
    entry.id = "e1";
    entry.type = "media:fast";
    entry.state = gpu_entry_state::running;
    entry.workload = "wl-1";
  }

  void launch_by_w1() {
    start(1);
    tell(1, msg::write_gpu{entry});
  }

  /// w9 is on another machine and may take over entries whose leases have run
  /// out.
  void leave_before_w9() {
    start(9, false);
    launch_by_w1();
    die(1);
    time.run_for(31s);
  }

  /// Number of entries that the worker took over.
  size_t take(uint64_t client) {
    auto count = std::make_shared<size_t>(0);
    time.system().spawn(
      [count, store = stores.at(client)](caf::event_based_actor* self) {
        self->request(store, 60s, msg::take_gpus{})
          .then([count](const msg::gpus_taken& x) {
            *count = x.entries.size();
          });
      });
    time.run_for(1s);
    return *count;
  }

  /// Empty when there is no entry.
  std::string owner() {
    return redis.run({"HGET", "c3:gpu:e1", "owner"}).text;
  }

  gpu_entry entry;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_gpu_of_a_dead_worker, fixture)

BOOST_AUTO_TEST_CASE(is_written_again_as_often_as_redis_loses_it) {
  launch_by_w1();
  die(1);
  start(2);
  for (int i = 0; i < 3; ++i) {
    lose_all();
    BOOST_TEST(owner() == "w1");
    time.run_for(200s);
  }
  BOOST_TEST(redis.run({"HGET", "c3:gpu:e1", "workload"}).text == "wl-1");
}

BOOST_AUTO_TEST_CASE(is_handed_on_when_its_heir_dies_too) {
  launch_by_w1();
  for (uint64_t heir : {2, 3}) {
    die(heir - 1);
    start(heir);
    lose_all();
    BOOST_TEST(owner() == "w1");
  }
}

BOOST_AUTO_TEST_CASE(is_its_heirs_own_once_that_one_has_taken_it) {
  launch_by_w1();
  die(1);
  start(2);
  time.run_for(31s);
  BOOST_TEST_REQUIRE(take(2) == 1u);
  die(2);
  start(3);
  lose_all();
  BOOST_TEST(owner() == "w2");
}

BOOST_AUTO_TEST_CASE(is_for_others_when_its_lease_has_run_out) {
  start(9, false);
  time.run_for(31s);
  launch_by_w1();
  die(1);
  time.run_for(20s);
  start(2);
  BOOST_TEST(take(9) == 0u);
  time.run_for(8s);
  BOOST_TEST(take(9) == 1u);
  BOOST_TEST(owner() == "w9");
}

BOOST_AUTO_TEST_CASE(is_for_others_at_once_after_a_loss) {
  start(9, false);
  launch_by_w1();
  die(1);
  start(2);
  lose_all();
  time.run_for(20s);
  BOOST_TEST(take(9) == 1u);
}

BOOST_AUTO_TEST_CASE(is_left_to_whoever_has_it) {
  leave_before_w9();
  start(2);
  BOOST_TEST_REQUIRE(take(9) == 1u);
  time.run_for(31s);
  // No worker that knows the entry is left.
  die(9);
  lose_all();
  BOOST_TEST(owner() == "");
  die(2);
  BOOST_TEST(shelf.open(3)->left()->gpus.empty());
}

BOOST_AUTO_TEST_CASE(stays_ended) {
  leave_before_w9();
  start(2);
  BOOST_TEST_REQUIRE(take(9) == 1u);
  tell(9, msg::close_gpu{entry, "idle", 0});
  BOOST_TEST(owner() == "");
  time.run_for(31s);
  lose_all();
  BOOST_TEST(owner() == "");
}

// Redis has the entry as ended, so nothing was lost.
BOOST_AUTO_TEST_CASE(is_not_written_again_when_it_had_ended_before) {
  leave_before_w9();
  BOOST_TEST_REQUIRE(take(9) == 1u);
  tell(9, msg::close_gpu{entry, "idle", 0});
  start(2);
  time.run_for(60s);
  BOOST_TEST(owner() == "");
}

BOOST_AUTO_TEST_SUITE_END()
