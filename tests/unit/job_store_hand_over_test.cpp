// How a GPU's ledger entry goes from one worker to another, and that no moment
// of it, at which a worker or Redis' data may be gone, loses the entry.
#include "tests/support/ledger_entry.hpp"
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

using handed = heard<msg::gpus_handed_over>;
using taken = heard<msg::gpus_taken>;

struct fixture {
  fixture() {
    // Workers may take over what others leave after the time of a lease.
    pass(31s);
    auto done = std::make_shared<heard<void>>();
    x.all.gpus.write(
      entry,
      [this](auto&) {
        ++checks;
      },
      into<void>(done));
    x.serve();
    BOOST_REQUIRE(done->what && done->what->has_value());
  }

  void pass(milliseconds d, bool giver_lives = true) {
    for (auto end = world.now_ms + d.count(); world.now_ms < end;) {
      world.now_ms += 1'000;
      for (auto* w : {&x, &y})
        if (w == &y || giver_lives) {
          if (world.now_ms % 10'000 == 0)
            w->all.gpus.confirm({ids});
          w->fire();
          w->serve();
        }
    }
  }

  std::shared_ptr<handed> give(std::vector<ledger_id> what) {
    auto out = std::make_shared<handed>();
    x.all.gpus.hand_over({std::move(what), "w2"},
                         into<msg::gpus_handed_over>(out));
    return out;
  }

  std::vector<ledger_id> given(std::vector<ledger_id> what) {
    auto got = give(std::move(what));
    x.serve();
    BOOST_REQUIRE(got->what && got->what->has_value());
    return (*got->what)->entries;
  }

  size_t takes(played_worker& who) {
    auto out = std::make_shared<taken>();
    who.all.leases.take_gpus({}, into<msg::gpus_taken>(out));
    who.serve();
    BOOST_REQUIRE(out->what && out->what->has_value());
    return (*out->what)->entries.size();
  }

  std::string owner() const {
    return world.field("c3:gpu:e1", "owner");
  }

  gpu_entry entry = harness::running_entry();
  const std::vector<ledger_id> ids{entry.id};
  played_world world;
  played_worker x{world, "w1"};
  played_worker y{world, "w2"};
  played_worker z{world, "w3"};
  int checks = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_hand_over, fixture)

BOOST_AUTO_TEST_CASE(is_taken_by_the_other_worker_at_once) {
  BOOST_TEST(given(ids) == ids);
  BOOST_TEST(owner() == "");
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(owner() == "w2");
  BOOST_TEST(world.run({"EXISTS", "c3:given:w2"}).integer == 0);
  // From here on it is that one's as any other.
  pass(60s);
  BOOST_TEST(owner() == "w2");
  BOOST_TEST(takes(y) == 0u);
}

// Until then it would be nobody's, and lost if Redis loses it now.
BOOST_AUTO_TEST_CASE(is_taken_also_while_nothing_of_the_dead_may_be) {
  given(ids);
  world.run({"ZADD", "c3:gpus", "1", "e9"});
  y.all.leases.on_refusal();
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(owner() == "w2");
  BOOST_TEST(!world.run({"ZSCORE", "c3:gpus", "e9"}).text.empty());
}

BOOST_AUTO_TEST_CASE(is_nobody_elses_while_the_other_may_take_it) {
  given(ids);
  pass(29s);
  z.all.on_change({channel::commands, true, "up"});
  BOOST_TEST(
    world.run({"ZCOUNT", "c3:gpus", "-inf", std::to_string(world.now_ms)})
      .integer
    == 0);
}

BOOST_AUTO_TEST_CASE(is_for_anybody_when_the_other_is_dead) {
  given(ids);
  // w2 never looks.
  for (int s = 0; s < 31; ++s) {
    world.now_ms += 1'000;
    z.fire();
    z.serve();
  }
  BOOST_TEST(takes(z) == 1u);
  BOOST_TEST(owner() == "w3");
  // And w2, which looks late, does not take it away.
  BOOST_TEST(takes(y) == 0u);
  BOOST_TEST(owner() == "w3");
}

BOOST_AUTO_TEST_CASE(is_not_renewed_or_written_by_the_giver) {
  given(ids);
  auto done = std::make_shared<heard<void>>();
  x.all.gpus.write(
    entry, [](auto&) {}, into<void>(done));
  x.serve();
  BOOST_REQUIRE(done->what && !done->what->has_value());
  BOOST_TEST((done->what->error().kind == failure_kind::not_owner));
  BOOST_TEST(owner() == "");
  BOOST_TEST(checks == 0);
}

BOOST_AUTO_TEST_CASE(leaves_what_is_launched_stopped_or_gone_as_it_is) {
  for (auto* state : {"intent", "stopping"}) {
    world.run({"HSET", "c3:gpu:e1", "state", state});
    BOOST_TEST(given({"e1", "none"}).empty());
    BOOST_TEST(owner() == "w1");
  }
  world.run({"HSET", "c3:gpu:e1", "state", "running", "owner", "w3"});
  BOOST_TEST(given(ids).empty());
  BOOST_TEST(owner() == "w3");
}

// The answer was lost: Redis had done it.
BOOST_AUTO_TEST_CASE(says_the_same_when_it_is_asked_again) {
  auto got = give(ids);
  x.go_down(1);
  BOOST_TEST(owner() == "");
  BOOST_TEST(got->times == 0);
  x.come_up();
  x.serve();
  pass(1s);
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST((*got->what)->entries == ids);
  // Or the other one has it already.
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(given(ids) == ids);
  BOOST_TEST(owner() == "w2");
}

BOOST_AUTO_TEST_CASE(survives_a_giver_that_dies_after_the_script) {
  give(ids);
  x.go_down(1);
  pass(5s, false);
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(owner() == "w2");
}

BOOST_AUTO_TEST_CASE(survives_a_giver_that_dies_before_the_script) {
  give(ids);
  x.go_down(0);
  pass(31s, false);
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(owner() == "w2");
}

// Nobody but the giver knows of it yet.
BOOST_AUTO_TEST_CASE(survives_a_loss_of_all_data) {
  given(ids);
  world.redis.load({});
  pass(12s);
  BOOST_TEST(world.field("c3:gpu:e1", "workload") == entry.workload.text());
  BOOST_TEST(owner() == "");
  // Nor does the end of its GPU INSTANCE make the giver forget it.
  x.all.gpus.leave({"e1"});
  world.redis.load({});
  pass(12s);
  BOOST_TEST(world.field("c3:gpu:e1", "workload") == entry.workload.text());
  BOOST_TEST(takes(y) == 1u);
}

BOOST_AUTO_TEST_CASE(is_forgotten_by_the_giver_once_the_other_has_it) {
  given(ids);
  BOOST_TEST(takes(y) == 1u);
  BOOST_TEST(x.port.gpus().size() == 1u);
  pass(31s);
  BOOST_TEST(x.port.gpus().empty());
}

BOOST_AUTO_TEST_SUITE_END()
