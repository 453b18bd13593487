// The JOB STORE against a real redis-server: the ledger, the outbox, waiting,
// and what happens when Redis fails.
#include "tests/integration/redis_store.hpp"

#include <atomic>
#include <set>

using namespace render;
using namespace std::chrono_literals;

namespace {

using fixture = harness::redis_store;
using harness::unix_now;

struct old_redis : fixture {
  old_redis() : fixture({"--rename-command", "BLMOVE", "NO-SUCH"}) {
    // nop
  }
};

/// The answer to an `await_work`.
template <class Request>
bool told_of_work(Request& pending) {
  auto present = false;
  pending.receive(
    [&](msg::queue_head& x) {
      present = x.present;
    },
    [](caf::error&) {
      BOOST_FAIL("no answer");
    });
  return present;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(job_store_and_its_redis, fixture)
BOOST_AUTO_TEST_CASE(a_dead_workers_gpus_are_taken_over_once) {
  gpu_entry x{"e1",          "media:fast",    gpu_entry_state::running,
              1'700'007'200, 1'700'000'000.5, "w1",
              "node-1",      1'700'000'001.5};
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{x}));
  BOOST_TEST(redis.field("c3:gpu:e1", "state") == "running");
  BOOST_TEST(redis.field("c3:gpu:e1", "owner") == "worker-a");
  kill_store();
  redis.cmd("ZADD", "c3:gpus", "1", "e1");
  auto b = spawn("worker-b", 200ms);
  auto c = spawn("worker-c", 200ms);
  std::vector<gpu_entry> taken;
  BOOST_TEST(harness::wait_until([&] {
    for (auto& store : {b, c})
      if (auto got = ask<msg::gpus_taken>(store, msg::take_gpus{}))
        for (auto& y : got->entries) {
          taken.push_back(y);
          BOOST_TEST(got->known_workloads == std::vector<workload_id>{"w1"});
        }
    return !taken.empty();
  }));
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST((taken[0] == x));
}

BOOST_AUTO_TEST_CASE(a_ledger_entry_of_another_worker_is_left_alone) {
  gpu_entry x;
  x.id = "e1";
  x.type = "media:fast";
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{x}));
  auto other = spawn("worker-b");
  auto refused = ask<caf::ok_atom>(other, msg::write_gpu{x});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == failure_kind::not_owner));
  refused = ask<caf::ok_atom>(other, msg::close_gpu{x, "idle", 0});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(redis.cmd("ZCARD", "c3:gpus").integer == 1);
  x.workload = "w1";
  x.launched_s = unix_now() - 100;
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::close_gpu{x, "idle", 1.5}));
  BOOST_TEST(redis.cmd("ZCARD", "c3:gpus").integer == 0);
  BOOST_TEST(redis.cmd("EXISTS", "c3:gpu:e1").integer == 0);
  auto closed = redis.cmd("LINDEX", "c3:gpus:closed", "0").text;
  BOOST_TEST(closed.find("\"workload\":\"w1\"") != std::string::npos, closed);
  BOOST_TEST(closed.find("\"refund_amount\":1.5") != std::string::npos, closed);
}

BOOST_AUTO_TEST_CASE(a_settle_survives_a_restart_and_is_written_once) {
  push("a");
  auto got = claim(store);
  redis.save();
  redis.kill();
  caf::scoped_actor self{*system};
  auto pending = self->request(store, 10s,
                               msg::settle_job{got.jobs[0], text("x")});
  auto again = self->request(store, 10s,
                             msg::settle_job{got.jobs[0], text("x")});
  auto failed = ask<msg::claimed_jobs>(store, msg::claim_jobs{});
  BOOST_TEST(!failed);
  redis.restart();
  auto written = 0;
  auto good = [&](msg::job_settled& x) {
    written += x.written ? 1 : 0;
  };
  auto bad = [](caf::error&) {
    BOOST_FAIL("no answer");
  };
  pending.receive(good, bad);
  again.receive(good, bad);
  BOOST_TEST(written == 2);
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 1);
}

BOOST_AUTO_TEST_CASE(a_claim_whose_answer_was_lost_is_put_back) {
  BOOST_REQUIRE(ask<std::string>(store, caf::get_atom::value));
  push("a");
  redis.freeze();
  auto lost = ask<msg::claimed_jobs>(store,
                                     msg::claim_jobs{{{{"analyze"}, 1}}});
  BOOST_REQUIRE(!lost);
  BOOST_TEST((lost.error().kind == failure_kind::outcome_unknown));
  auto quick = ask<std::string>(store, caf::get_atom::value);
  BOOST_REQUIRE(!quick);
  BOOST_TEST((quick.error().kind == failure_kind::unavailable));
  redis.thaw();
  BOOST_TEST(harness::wait_until([&] {
    auto x = ask<msg::claimed_jobs>(store, msg::claim_jobs{{{{"analyze"}, 1}}});
    return x && x->jobs.size() == 1;
  }));
}

// Otherwise the wait would last for its whole patience on a dead connection.
BOOST_AUTO_TEST_CASE(a_wait_ends_when_the_server_answers_no_command) {
  BOOST_REQUIRE(ask<std::string>(store, caf::get_atom::value));
  caf::scoped_actor self{*system};
  auto pending = self->request(store, 20s, msg::await_work{60s});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.cmd("INFO", "clients").text.find("blocked_clients:1")
           != std::string::npos;
  }));
  redis.freeze();
  BOOST_REQUIRE(!ask<std::string>(store, caf::get_atom::value));
  auto told = false;
  pending.receive([](msg::queue_head&) {},
                  [&](caf::error& why) {
                    told = why != caf::sec::request_timeout;
                  });
  BOOST_TEST(told);
  redis.thaw();
}

BOOST_AUTO_TEST_CASE(waiting_costs_two_commands_and_leaves_the_queue_alone) {
  auto none = ask<msg::queue_head>(store, msg::await_work{20ms});
  BOOST_REQUIRE(none);
  BOOST_TEST(!none->present);
  redis.cmd("CONFIG", "RESETSTAT");
  caf::scoped_actor self{*system};
  auto pending = self->request(store, 10s, msg::await_work{5s});
  ::poll(nullptr, 0, 300);
  auto stats = redis.cmd("INFO", "commandstats").text;
  // A look at the head, then the wait.
  BOOST_TEST(stats.find("cmdstat_evalsha:calls=1,") != std::string::npos);
  BOOST_TEST(stats.find("cmdstat_llen") == std::string::npos);
  push("a");
  BOOST_TEST(told_of_work(pending));
  BOOST_TEST(queued() == 1);
}

BOOST_AUTO_TEST_CASE(spans_go_from_the_record_to_the_outbox) {
  const std::string parent
    = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  push("a", "analyze", {"traceparent", parent, "tracestate", "k=v"});
  push("b", "analyze", {"traceparent", parent + "-more"});
  auto got = claim(store, 2).jobs;
  BOOST_REQUIRE(got.size() == 2u);
  BOOST_TEST(traceparent_of(got[0].trace) == parent);
  BOOST_TEST(got[0].trace.state == "k=v");
  BOOST_TEST(!got[1].trace);
  auto traced = text("x");
  traced.trace = {1, 2, 3, true, "k=v"};
  auto done = ask<msg::job_settled>(store, msg::settle_job{got[0], traced});
  BOOST_REQUIRE(done && done->webhooks.size() == 1u);
  BOOST_TEST((done->webhooks[0].trace == traced.trace));
  BOOST_REQUIRE(
    ask<msg::job_settled>(store, msg::settle_job{got[1], text("x")}));
  BOOST_TEST(redis.field("c3:outbox:b", "traceparent") == "");
  // Whoever delivers later has it of the outbox.
  for (auto id : {"a", "b"})
    redis.cmd("ZADD", "c3:outbox", "1", id);
  auto taken = ask<msg::webhooks_taken>(store, msg::take_webhooks{});
  BOOST_REQUIRE(taken && taken->entries.size() == 2u);
  BOOST_TEST((taken->entries[0].trace == traced.trace));
  BOOST_TEST(!taken->entries[1].trace);
}

BOOST_AUTO_TEST_CASE(outbox_entries_are_leased_retried_and_buried) {
  for (std::string id : {"a", "b", "c"}) {
    push(id);
    auto got = claim(store);
    auto done = ask<msg::job_settled>(store,
                                      msg::settle_job{got.jobs[0], text("x")});
    BOOST_REQUIRE(done && done->webhooks.size() == 1u);
  }
  auto taken = ask<msg::webhooks_taken>(store, msg::take_webhooks{});
  BOOST_REQUIRE(taken);
  BOOST_TEST(taken->entries.empty()); // Leased for a minute.
  for (auto id : {"a", "b", "c"})
    redis.cmd("ZADD", "c3:outbox", "1", id);
  taken = ask<msg::webhooks_taken>(store, msg::take_webhooks{});
  BOOST_REQUIRE(taken && taken->entries.size() == 3u);
  BOOST_TEST(
    ask<msg::webhooks_taken>(store, msg::take_webhooks{})->entries.empty());
  auto entry = taken->entries[0];
  entry.attempts = 2;
  BOOST_REQUIRE(ask<caf::ok_atom>(
    store, msg::record_delivery{entry, msg::delivery_state::retry_later, 5s,
                                "HTTP 500"}));
  BOOST_TEST(redis.field("c3:outbox:a", "attempts") == "2");
  for (auto& x : taken->entries)
    BOOST_REQUIRE(ask<caf::ok_atom>(
      store, msg::record_delivery{x, msg::delivery_state::dead, 0s, "gone"}));
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 0);
  BOOST_TEST(redis.cmd("ZCARD", "c3:webhooks:dead").integer == 2);
  BOOST_TEST(redis.cmd("EXISTS", "c3:outbox:a").integer == 0);
  BOOST_TEST(redis.field("c3:outbox:c", "error") == "gone");
}

BOOST_AUTO_TEST_CASE(out_of_memory_is_an_outage_and_changes_nothing) {
  push("a");
  redis.cmd("CONFIG", "SET", "maxmemory", "1");
  auto got = ask<msg::claimed_jobs>(store, msg::claim_jobs{{{{"analyze"}, 1}}});
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unavailable));
  BOOST_TEST(queued() == 1);
  BOOST_TEST(status("a") == "queued");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(without_blmove_the_queue_is_polled, old_redis) {
  caf::scoped_actor self{*system};
  auto pending = self->request(store, 10s, msg::await_work{5s});
  ::poll(nullptr, 0, 50);
  push("a");
  BOOST_TEST(told_of_work(pending));
}
