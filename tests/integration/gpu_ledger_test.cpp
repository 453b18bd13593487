// The launch ledger on a real redis-server, used by several workers: each
// workload is in one entry only.
#include "tests/integration/redis_store.hpp"

#include <algorithm>
#include <atomic>

using namespace render;
using namespace std::chrono_literals;

namespace {

gpu_entry intent(const std::string& id) {
  gpu_entry out;
  out.id = ledger_id{id};
  out.type = "media:fast";
  out.expires_s = 1'700'007'200;
  out.intent_s = 1'700'000'000.5;
  return out;
}

gpu_entry running(const std::string& id, const std::string& workload) {
  auto out = intent(id);
  out.state = gpu_entry_state::running;
  out.workload = workload_id{workload};
  out.node = gpu_host{"node-" + workload};
  out.launched_s = 1'700'000'001.5;
  return out;
}

struct fixture : harness::redis_store {
  result<caf::ok_atom> write(const job_store_actor& to, gpu_entry x) {
    return ask<caf::ok_atom>(to, msg::write_gpu{std::move(x)});
  }

  std::vector<gpu_entry> view(const workload_type& type = "media:fast") {
    auto got = ask<msg::gpus_seen>(store, msg::view_gpus{type});
    BOOST_REQUIRE_MESSAGE(got, got.error().message);
    std::sort(got->entries.begin(), got->entries.end(), [](auto& a, auto& b) {
      return a.id < b.id;
    });
    return got->entries;
  }
};

} // namespace

/// A dollar an hour; two dollars may be spent in an hour.
struct with_budget : fixture {
  with_budget() {
    spending.prices = {{workload_type{"media:fast"}, 1'000'000}};
    spending.per_hour = 2'000'000;
    store = spawn("worker-a");
    other = spawn("worker-b");
    hour = static_cast<int64_t>(harness::unix_now() / 3600);
  }

  gpu_entry for_hours(const std::string& id, int64_t hours) {
    auto out = intent(id);
    out.intent_s = harness::unix_now();
    out.expires_s = (hour + hours) * 3600;
    return out;
  }

  /// Millionths of a dollar, of the hour after this one.
  int64_t next(const std::string& name) {
    auto text = redis.field("c3:spend:" + std::to_string(hour + 1), name);
    return text.empty() ? 0 : std::stoll(text);
  }

  job_store_actor other;
  int64_t hour = 0;
};

BOOST_FIXTURE_TEST_SUITE(spending_of_the_fleet, with_budget)

BOOST_AUTO_TEST_CASE(is_reserved_before_a_launch_and_not_passed) {
  BOOST_REQUIRE(write(store, for_hours("e1", 3)));
  BOOST_TEST(next("reserved") == 1'000'000);
  // Once more is not once more of the money.
  BOOST_REQUIRE(write(store, for_hours("e1", 3)));
  BOOST_TEST(next("reserved") == 1'000'000);
  BOOST_REQUIRE(write(other, for_hours("e2", 3)));
  BOOST_TEST(next("reserved") == 2'000'000);
  auto refused = write(store, for_hours("e3", 3));
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == failure_kind::over_budget));
  BOOST_TEST(refused.error().message == "MAX_SPEND_PER_HOUR");
  BOOST_TEST(redis.field("c3:gpu:e3", "owner") == "");
  // A launch that was refused has cost nothing.
  auto none = for_hours("e2", 3);
  none.expires_s = 0;
  BOOST_REQUIRE(write(other, none));
  BOOST_TEST(next("reserved") == 1'000'000);
  BOOST_REQUIRE(write(store, for_hours("e3", 3)));
}

BOOST_AUTO_TEST_CASE(is_settled_at_the_end) {
  auto x = for_hours("e1", 3);
  BOOST_REQUIRE(write(store, x));
  x.state = gpu_entry_state::running;
  x.workload = workload_id{"w1"};
  x.launched_s = x.intent_s;
  BOOST_REQUIRE(write(store, x));
  BOOST_TEST(next("reserved") == 1'000'000);
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::close_gpu{x, "idle", 0}));
  BOOST_TEST(next("reserved") == 0);
  BOOST_TEST(next("usd") == 0);
  auto now = "c3:spend:" + std::to_string(hour);
  BOOST_TEST(redis.field(now, "reserved") == "0");
  BOOST_TEST(std::stoll(redis.field(now, "usd")) < 10'000);
}

BOOST_AUTO_TEST_CASE(of_a_gpu_that_runs_is_never_refused) {
  for (auto id : {"e1", "e2", "e3"}) {
    auto x = for_hours(id, 3);
    x.state = gpu_entry_state::running;
    x.workload = workload_id{id};
    x.launched_s = x.intent_s;
    BOOST_REQUIRE(write(store, x));
  }
  BOOST_TEST(next("reserved") == 3'000'000);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gpu_ledger_on_redis, fixture)

BOOST_AUTO_TEST_CASE(a_workload_gets_into_one_entry_only) {
  auto other = spawn("worker-b");
  BOOST_REQUIRE(write(store, intent("e1")));
  BOOST_REQUIRE(write(other, intent("e2")));
  BOOST_REQUIRE(write(store, intent("e3")));
  BOOST_REQUIRE(write(store, running("e1", "w1")));
  // Neither another worker nor the same worker may give the workload to a
  // second entry.
  for (auto& [who, id] : {std::pair{other, "e2"}, {store, "e3"}}) {
    auto refused = write(who, running(id, "w1"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().kind == failure_kind::rejected));
    BOOST_TEST(redis.field(std::string{"c3:gpu:"} + id, "workload") == "");
    BOOST_TEST(redis.field(std::string{"c3:gpu:"} + id, "state") == "intent");
  }
  // The other worker may still write other workloads, and the first worker its
  // own.
  BOOST_REQUIRE(write(other, running("e2", "w2")));
  BOOST_REQUIRE(write(store, running("e1", "w1")));
  // The workload is free again when its entry has ended.
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::close_gpu{running("e1", "w1"), "idle", 0}));
  BOOST_REQUIRE(write(store, running("e3", "w1")));
}

BOOST_AUTO_TEST_CASE(the_workloads_of_ended_entries_are_shown_when_asked_for) {
  for (std::string n : {"1", "2", "3"})
    BOOST_REQUIRE(write(store, running("e" + n, "w" + n)));
  BOOST_REQUIRE(write(store, intent("never")));
  for (auto& x : {running("e1", "w1"), running("e3", "w3"), intent("never")})
    BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::close_gpu{x, "idle", 0}));
  redis.cmd("LPUSH", "c3:gpus:closed", "no JSON");
  redis.cmd("LPUSH", "c3:gpus:closed", "[1]");
  auto ended = [&](bool too) {
    auto got = ask<msg::gpus_seen>(spawn("b"),
                                   msg::view_gpus{"media:fast", too});
    BOOST_REQUIRE_MESSAGE(got, got.error().message);
    BOOST_REQUIRE(got->entries.size() == 1u);
    BOOST_TEST(got->entries[0].workload == "w2");
    return got->ended_workloads;
  };
  BOOST_TEST(ended(false).empty());
  BOOST_TEST((ended(true) == std::vector<workload_id>{"w3", "w1"}));
}

// Both launches lost their answers, or the first worker's write was refused for
// a while. The first worker has stopped a GPU that is the other's by now.
BOOST_AUTO_TEST_CASE(ending_anothers_workload_leaves_the_launch_to_be_found) {
  auto other = spawn("worker-b");
  BOOST_REQUIRE(write(store, intent("e1")));
  BOOST_REQUIRE(write(other, running("e2", "w1")));
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::close_gpu{running("e1", "w1"), "idle", 0}));
  auto third = spawn("worker-c", 200ms);
  std::vector<gpu_entry> taken;
  BOOST_REQUIRE(harness::wait_until([&] {
    auto got = ask<msg::gpus_taken>(third, msg::take_gpus{});
    if (got)
      taken = got->entries;
    return !taken.empty();
  }));
  BOOST_TEST((taken == std::vector{intent("e1")}));
  BOOST_REQUIRE(
    ask<caf::ok_atom>(other, msg::close_gpu{running("e2", "w1"), "idle", 0}));
  BOOST_TEST(view().size() == 1u);
}

// Redis had refused both writes of the workload.
BOOST_AUTO_TEST_CASE(ending_a_workload_twice_leaves_the_launch_to_be_found) {
  auto other = spawn("worker-b");
  BOOST_REQUIRE(write(store, intent("e1")));
  BOOST_REQUIRE(write(other, intent("e2")));
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::close_gpu{running("e1", "w1"), "idle", 0}));
  BOOST_REQUIRE(
    ask<caf::ok_atom>(other, msg::close_gpu{running("e2", "w1"), "idle", 0}));
  BOOST_TEST((view() == std::vector{intent("e2")}));
  // A second close changes nothing: the first answer may have been lost.
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::close_gpu{running("e1", "w1"), "idle", 0}));
  BOOST_TEST((view() == std::vector{intent("e2")}));
}

// A worker that was paused does not know of the end, and writes the entry
// again.
BOOST_AUTO_TEST_CASE(an_entry_that_ends_twice_is_ended) {
  for (auto round = 0; round < 2; ++round) {
    BOOST_REQUIRE(write(store, running("e1", "w1")));
    BOOST_REQUIRE(
      ask<caf::ok_atom>(store, msg::close_gpu{running("e1", "w1"), "idle", 0}));
    BOOST_TEST(view().empty());
  }
}

// As after a restart of Redis: another worker has already sent the script for
// the end, but none the script for the write.
BOOST_AUTO_TEST_CASE(an_end_is_not_overtaken_by_the_write_before_it) {
  BOOST_REQUIRE(write(store, running("e1", "w1")));
  redis.cmd("SCRIPT", "FLUSH");
  BOOST_REQUIRE(ask<caf::ok_atom>(spawn("worker-a"),
                                  msg::close_gpu{running("e0", "w0"), "", 0}));
  caf::scoped_actor self{*system};
  auto written = self->request(store, 10s, msg::write_gpu{running("e1", "w1")});
  auto closed = self->request(store, 10s,
                              msg::close_gpu{running("e1", "w1"), "idle", 0});
  auto failed = [](caf::error&) {
    BOOST_ERROR("not written");
  };
  written.receive([](caf::ok_atom) {}, failed);
  closed.receive([](caf::ok_atom) {}, failed);
  BOOST_TEST(view().empty());
}

BOOST_AUTO_TEST_CASE(a_race_for_a_workload_has_one_winner) {
  auto other = spawn("worker-b");
  for (auto round = 0; round < 20; ++round) {
    auto n = std::to_string(round);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    auto racer = [&](const job_store_actor& to, const std::string& id) {
      auto got = write(to, running(id, "w" + n));
      ++(got ? won : lost);
    };
    std::thread rival{[&] {
      racer(other, "b" + n);
    }};
    racer(store, "a" + n);
    rival.join();
    BOOST_TEST(won == 1);
    BOOST_TEST(lost == 1);
  }
}

BOOST_AUTO_TEST_CASE(all_entries_of_a_type_are_seen_whoever_owns_them) {
  auto other = spawn("worker-b");
  auto mine = intent("e1");
  mine.known_before = {"w8", "w9"};
  auto slow = intent("e3");
  slow.type = "media:slow";
  BOOST_REQUIRE(write(store, mine));
  BOOST_REQUIRE(write(other, running("e2", "w2")));
  BOOST_REQUIRE(write(other, slow));
  auto got = view();
  BOOST_REQUIRE_EQUAL(got.size(), 2u);
  BOOST_TEST((got[0] == mine));
  BOOST_TEST((got[1] == running("e2", "w2")));
  BOOST_TEST(view("media:slow").size() == 1u);
  BOOST_TEST(view("media:none").empty());
}

// A rolling upgrade: entries of an older version, and fields that a newer
// version may add.
BOOST_AUTO_TEST_CASE(entries_of_other_versions_are_read) {
  redis.cmd("HSET", "c3:gpu:old", "owner", "worker-b", "type", "media:fast",
            "state", "intent", "expires", "1700007200", "intent_at",
            "1700000000.5", "workload", "", "node", "", "launched_at", "0");
  redis.cmd("ZADD", "c3:gpus", "1", "old");
  redis.cmd("HSET", "c3:gpu:new", "owner", "worker-b", "type", "media:fast",
            "state", "floating", "expires", "1700007200", "colour", "blue");
  redis.cmd("ZADD", "c3:gpus", "99999999999999", "new");
  redis.cmd("ZADD", "c3:gpus", "99999999999999", "vanished");
  auto got = view();
  BOOST_REQUIRE_EQUAL(got.size(), 2u);
  BOOST_TEST((got[0].state == gpu_entry_state::intent));
  BOOST_TEST((got[1] == intent("old")));
  store = spawn("worker-c", 200ms);
  msg::gpus_taken taken;
  BOOST_REQUIRE(harness::wait_until([&] {
    auto x = ask<msg::gpus_taken>(store, msg::take_gpus{});
    if (x)
      taken = *x;
    return !taken.entries.empty();
  }));
  BOOST_TEST((taken.entries[0] == intent("old")));
  BOOST_TEST(taken.given.empty());
}

BOOST_AUTO_TEST_CASE(the_next_look_is_due_when_the_first_lease_runs_out) {
  auto taker = spawn("worker-c", 500ms);
  auto due_ms = [&] {
    auto got = ask<msg::gpus_taken>(taker, msg::take_gpus{});
    return got ? got->next_due_ms : 0;
  };
  // Without entries, a lease that begins now is the first to run out.
  BOOST_REQUIRE(harness::wait_until([&] {
    return due_ms() == 500;
  }));
  auto clock = redis.cmd("TIME").elements;
  auto now_ms = std::stoll(clock.at(0).text) * 1000
                + std::stoll(clock.at(1).text) / 1000;
  redis.cmd("ZADD", "c3:gpus", std::to_string(now_ms + 60'000), "far");
  BOOST_TEST(due_ms() == 500);
  redis.cmd("ZADD", "c3:gpus", std::to_string(now_ms + 450), "near");
  BOOST_TEST(due_ms() <= 450);
  BOOST_TEST(due_ms() >= 100);
  // Entries beyond the limit of one look are due at once.
  for (auto* id : {"a", "b", "c"}) {
    auto record = std::string{"c3:gpu:"} + id;
    redis.cmd("HSET", record.c_str(), "owner", "worker-b", "type", "media:fast",
              "state", "intent");
    redis.cmd("ZADD", "c3:gpus", "1", id);
  }
  auto got = ask<msg::gpus_taken>(taker, msg::take_gpus{2});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->entries.size() == 2u);
  BOOST_TEST(got->next_due_ms == 100);
}

// Redis refuses a write, which waits to be tried again; the end of the entry
// comes before that try.
BOOST_AUTO_TEST_CASE(an_older_write_does_not_come_back_after_the_end) {
  auto entry = running("e1", "w1");
  BOOST_REQUIRE(write(store, entry));
  redis.cmd("CONFIG", "SET", "maxmemory", "1");
  caf::anon_send(store, msg::write_gpu{entry});
  // After four refusals the next try is almost a second away.
  BOOST_REQUIRE(harness::wait_until([&] {
    auto seen = redis.cmd("INFO", "errorstats").text;
    return seen.find("errorstat_OOM:count=4") != std::string::npos;
  }));
  redis.cmd("CONFIG", "SET", "maxmemory", "0");
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::close_gpu{entry, "idle", 0}));
  auto back = harness::wait_until(
    [&] {
      return redis.cmd("EXISTS", "c3:gpu:e1").integer == 1;
    },
    2s);
  BOOST_TEST(!back);
}

BOOST_AUTO_TEST_CASE(since_when_a_gpu_is_being_stopped_is_noted) {
  auto x = running("e1", "w1");
  BOOST_REQUIRE(write(store, x));
  auto noted = [this] {
    return redis.cmd("HGET", "c3:gpu:e1", "stopping_at").text;
  };
  BOOST_TEST(noted() == "");
  x.state = gpu_entry_state::stopping;
  BOOST_REQUIRE(write(store, x));
  auto first = noted();
  BOOST_TEST(std::abs(std::stod(first) - harness::unix_now()) < 60);
  // A sign of life is none of a new stop.
  ::poll(nullptr, 0, 20);
  BOOST_REQUIRE(write(store, x));
  BOOST_TEST(noted() == first);
  x.state = gpu_entry_state::ready;
  BOOST_REQUIRE(write(store, x));
  BOOST_TEST(noted() == "");
}

// A worker that was paused for longer than its lease learns at the next renewal
// which entries it has lost.
BOOST_AUTO_TEST_CASE(who_wrote_an_entry_is_told_when_it_is_not_renewed) {
  auto sleeper = spawn("worker-s", 300ms);
  caf::scoped_actor holder{*system};
  auto write_as_holder = [&](const std::string& id) {
    holder->request(sleeper, 10s, msg::write_gpu{running(id, "w-" + id)})
      .receive([](caf::ok_atom) {},
               [](caf::error& e) {
                 BOOST_FAIL(to_failure(e).message);
               });
  };
  write_as_holder("kept");
  write_as_holder("lost");
  redis.cmd("HSET", "c3:gpu:lost", "owner", "worker-b");
  ledger_id told;
  holder->receive(
    [&](const msg::check_gpu& x) {
      told = x.id;
    },
    caf::after(10s) >> [] {});
  BOOST_TEST(told == "lost");
  // The lost entry is not renewed for the other worker.
  auto score = redis.cmd("ZSCORE", "c3:gpus", "kept").text;
  redis.cmd("ZADD", "c3:gpus", "1", "lost");
  BOOST_TEST(harness::wait_until([&] {
    return redis.cmd("ZSCORE", "c3:gpus", "kept").text != score;
  }));
  BOOST_TEST(redis.cmd("ZSCORE", "c3:gpus", "lost").text == "1");
}

BOOST_AUTO_TEST_SUITE_END()
