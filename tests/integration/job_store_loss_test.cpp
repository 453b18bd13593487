// Losses that the JOB STORE makes good: Redis has lost confirmed writes, or the
// process died with writes that Redis has not seen.
#include "actors/io/redis/durable/sqlite_journal.hpp"
#include "tests/integration/redis_store.hpp"

#include <filesystem>

using namespace render;
using namespace std::chrono_literals;
using harness::wait_until;

namespace {

struct fixture : harness::redis_store {
  ~fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  bool ours(const job& x) {
    msg::report_progress report;
    report.job_id = x.id;
    report.fence = x.fence;
    report.stage = "render";
    auto got = ask<msg::ownership>(store, report);
    return got && got->ours;
  }

  bool settle(const job& x, std::string words = "words") {
    auto got = ask<msg::job_settled>(store, msg::settle_job{x, text(words)});
    BOOST_REQUIRE(got);
    return got->written;
  }

  void delivered(const std::string& id) {
    msg::record_delivery said;
    said.entry.id = "msg_" + id;
    said.entry.job_id = job_id{id};
    said.entry.attempts = 1;
    BOOST_REQUIRE(ask<caf::ok_atom>(store, said));
  }

  job claimed(const std::string& id) {
    push(id);
    auto got = claim(store);
    BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
    return got.jobs[0];
  }

  /// Asks while Redis is down. The answer comes when Redis is back without data
  /// and the loss is made good.
  template <class Message>
  void lose_all_while_asking(Message x) {
    auto mark = redis.cmd("KEYS", "c3:mark:*").elements.at(0).text;
    redis.kill();
    caf::scoped_actor self{*system};
    auto asked = self->request(store, 10s, std::move(x));
    redis.restart();
    asked.receive([](caf::ok_atom) {},
                  [](caf::error&) {
                    BOOST_ERROR("not written");
                  });
    // Writing the mark is the last step after a loss.
    BOOST_TEST(wait_until([&] {
      return redis.cmd("EXISTS", mark).integer == 1;
    }));
  }

  static gpu_entry gpu() {
    gpu_entry out;
    out.id = "g";
    out.type = "media:fast";
    out.state = gpu_entry_state::running;
    out.workload = "w";
    out.expires_s = 1'700'000'000;
    return out;
  }

  long long webhooks() {
    return redis.cmd("ZCARD", "c3:outbox").integer;
  }

  /// The record as it was before the claim, as after a failover.
  void lose_claim(const std::string& id) {
    redis.cmd("FLUSHALL");
    push(id);
  }

  void look_after_all() {
    look_after({{"a", 1}, {"a", 2}, {"b", 1}}, {"g"});
  }

  /// A store with short leases, so that it renews them often.
  void use_quick_store() {
    kill_store();
    store = spawn("worker-a", 300ms);
    look_after_all();
  }

  /// Starts another process on the same machine.
  void start_with_journal(const std::string& worker) {
    if (store)
      kill_store();
    auto local = job_store::open_sqlite_journal(folder, worker);
    BOOST_REQUIRE_MESSAGE(local, local.error().message);
    store = spawn(worker, 300ms, std::move(*local));
    look_after_all();
  }

  /// Ends the store as SIGKILL would, and waits until its journal is closed.
  void die() {
    kill_store();
    BOOST_REQUIRE(wait_until([&] {
      return unlocked();
    }));
  }

  bool unlocked() {
    return job_store::open_sqlite_journal(folder, "worker-a").has_value();
  }

  std::filesystem::path folder
    = std::filesystem::temp_directory_path()
      / ("c3-journal-test-" + std::to_string(::getpid()));
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(what_redis_lost, fixture)

BOOST_AUTO_TEST_CASE(a_running_job_survives_flushall) {
  auto x = claimed("a");
  redis.cmd("FLUSHALL");
  BOOST_TEST(ours(x));
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(redis.field("job:a", "data") == data);
  BOOST_TEST(redis.field("job:a", "type") == "analyze");
  BOOST_TEST(redis.field("job:a", "created_at") == "1700000000.25");
  BOOST_TEST(redis.field("job:a", "fence") == "1");
  BOOST_TEST(redis.cmd("GET", "job:a:lock").text == "worker-a");
  BOOST_TEST(!redis.cmd("ZSCORE", "c3:leases", "a").nil);
  BOOST_TEST(redis.cmd("SISMEMBER", "c3:running:worker-a", "a").integer == 1);
  BOOST_TEST(settle(x));
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(webhooks() == 1);
}

BOOST_AUTO_TEST_CASE(an_end_is_written_although_redis_forgot_the_job) {
  auto x = claimed("a");
  redis.cmd("FLUSHALL");
  BOOST_TEST(settle(x));
  BOOST_TEST(redis.field("job:a", "result") == "words");
  BOOST_TEST(webhooks() == 1);
}

BOOST_AUTO_TEST_CASE(a_written_end_comes_back_with_its_webhook) {
  use_quick_store();
  auto x = claimed("a");
  BOOST_TEST(settle(x));
  redis.cmd("FLUSHALL");
  BOOST_TEST(wait_until([&] {
    return status("a") == "success" && webhooks() == 1;
  }));
}

BOOST_AUTO_TEST_CASE(a_delivered_webhook_stays_delivered) {
  use_quick_store();
  auto x = claimed("a");
  BOOST_TEST(settle(x));
  delivered("a");
  redis.cmd("FLUSHALL");
  BOOST_TEST(wait_until([&] {
    return status("a") == "success" && webhooks() == 0
           && !redis.cmd("EXISTS", "c3:outbox:a").integer;
  }));
}

BOOST_AUTO_TEST_CASE(what_a_front_end_deletes_stays_deleted) {
  auto x = claimed("a");
  redis.cmd("DEL", "job:a");
  BOOST_TEST(!ours(x));
  BOOST_TEST(!settle(x));
  BOOST_TEST(redis.cmd("EXISTS", "job:a").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_claim_that_a_failover_lost_is_made_again) {
  auto x = claimed("a");
  lose_claim("a");
  BOOST_TEST(ours(x));
  BOOST_TEST(queued() == 0);
  BOOST_TEST(settle(x));
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(who_claimed_it_since_keeps_it) {
  auto x = claimed("a");
  lose_claim("a");
  auto other = spawn("worker-b");
  auto theirs = claim(other);
  BOOST_REQUIRE_EQUAL(theirs.jobs.size(), 1u);
  BOOST_TEST(!ours(x));
  BOOST_TEST(!settle(x, "late"));
  auto done = ask<msg::job_settled>(
    other, msg::settle_job{theirs.jobs[0], text("theirs")});
  BOOST_REQUIRE(done);
  BOOST_TEST(done->written);
  BOOST_TEST(redis.field("job:a", "result") == "theirs");
}

BOOST_AUTO_TEST_CASE(a_cancel_written_since_stands) {
  auto x = claimed("a");
  redis.cmd("FLUSHALL");
  redis.cmd("HSET", "job:a", "status", "cancelled");
  BOOST_TEST(!settle(x));
  BOOST_TEST(status("a") == "cancelled");
}

BOOST_AUTO_TEST_CASE(later_claims_do_not_hide_a_loss) {
  auto x = claimed("a");
  redis.cmd("FLUSHALL");
  auto y = claimed("b");
  BOOST_TEST(settle(y));
  BOOST_TEST(ours(x));
  BOOST_TEST(settle(x));
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(status("b") == "success");
}

BOOST_AUTO_TEST_CASE(a_second_loss_is_made_good_as_the_first) {
  auto x = claimed("a");
  for (auto round = 0; round < 3; ++round) {
    redis.cmd("FLUSHALL");
    BOOST_TEST(ours(x));
  }
  redis.restart();
  BOOST_TEST(wait_until([&] {
    return ours(x);
  }));
  BOOST_TEST(settle(x));
}

BOOST_AUTO_TEST_CASE(a_gpu_stands_in_the_ledger_again) {
  use_quick_store();
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  redis.cmd("FLUSHALL");
  BOOST_TEST(wait_until([&] {
    return redis.field("c3:gpu:g", "workload") == "w";
  }));
  BOOST_TEST(redis.field("c3:gpu:g", "owner") == "worker-a");
  BOOST_TEST(redis.cmd("ZCARD", "c3:gpus").integer == 1);
}

// After the reconnect the store has both to restore the entry and to send the
// new write.
BOOST_AUTO_TEST_CASE(a_gpu_is_not_written_again_as_it_was_before) {
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  auto newer = gpu();
  newer.state = gpu_entry_state::stopping;
  lose_all_while_asking(msg::write_gpu{newer});
  BOOST_TEST(redis.field("c3:gpu:g", "state") == "stopping");
}

BOOST_AUTO_TEST_CASE(a_gpu_whose_entry_is_being_ended_is_not_written_again) {
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  lose_all_while_asking(msg::close_gpu{gpu(), "idle", 0});
  BOOST_TEST(redis.cmd("ZCARD", "c3:gpus").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_was_stopped_stays_out_of_the_ledger) {
  use_quick_store();
  auto x = claimed("a");
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::close_gpu{gpu(), "idle", 0}));
  redis.cmd("FLUSHALL");
  BOOST_TEST(wait_until([&] {
    return status("a") == "running";
  }));
  BOOST_TEST(redis.cmd("ZCARD", "c3:gpus").integer == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(what_a_dead_process_left, fixture)

BOOST_AUTO_TEST_CASE(a_job_that_both_lost_goes_back_to_the_queue) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  die();
  redis.cmd("FLUSHALL");
  start_with_journal("worker-b");
  BOOST_TEST(wait_until([&] {
    return queued() == 1;
  }));
  BOOST_TEST(status("a") == "queued");
  auto again = claim(store);
  BOOST_REQUIRE_EQUAL(again.jobs.size(), 1u);
  BOOST_TEST(again.jobs[0].fence == x.fence + 1);
  BOOST_TEST(again.jobs[0].data == data);
  BOOST_REQUIRE_EQUAL(again.jobs[0].history.size(), 1u);
  BOOST_TEST(settle(again.jobs[0]));
}

BOOST_AUTO_TEST_CASE(an_end_that_redis_never_heard_of_is_written_by_the_next) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  redis.save();
  redis.kill();
  caf::anon_send(store, msg::settle_job{x, text("words")});
  die();
  redis.restart();
  start_with_journal("worker-a");
  BOOST_TEST(wait_until([&] {
    return status("a") == "success";
  }));
  BOOST_TEST(redis.field("job:a", "result") == "words");
  BOOST_TEST(webhooks() == 1);
  // The webhook is due now, and the next look takes it.
  auto taken = ask<msg::webhooks_taken>(store, msg::take_webhooks{});
  BOOST_REQUIRE(taken);
  BOOST_TEST(taken->entries.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_end_that_comes_too_late_is_dropped) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  redis.save();
  redis.kill();
  caf::anon_send(store, msg::settle_job{x, text("late")});
  die();
  redis.restart();
  redis.cmd("HSET", "job:a", "status", "cancelled");
  start_with_journal("worker-a");
  BOOST_TEST(wait_until([&] {
    return redis.cmd("SCARD", "c3:running:worker-a").integer == 0;
  }));
  BOOST_TEST(status("a") == "cancelled");
}

BOOST_AUTO_TEST_CASE(a_delivery_that_redis_never_heard_of_is_not_repeated) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  BOOST_TEST(settle(x));
  redis.save();
  redis.kill();
  msg::record_delivery said;
  said.entry.id = "msg_a";
  said.entry.job_id = "a";
  said.entry.attempts = 1;
  caf::anon_send(store, said);
  die();
  redis.restart();
  BOOST_TEST(webhooks() == 1);
  start_with_journal("worker-b");
  BOOST_TEST(wait_until([&] {
    return webhooks() == 0;
  }));
  BOOST_TEST(status("a") == "success");
}

BOOST_AUTO_TEST_CASE(a_gpu_that_both_lost_is_taken_over) {
  start_with_journal("worker-a");
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  die();
  redis.cmd("FLUSHALL");
  start_with_journal("worker-b");
  std::vector<gpu_entry> taken;
  BOOST_TEST(wait_until([&] {
    if (auto got = ask<msg::gpus_taken>(store, msg::take_gpus{}))
      taken = got->entries;
    return !taken.empty();
  }));
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST((taken[0] == gpu()));
}

// The successor found everything in Redis, and then Redis lost it before a
// worker had taken it over.
BOOST_AUTO_TEST_CASE(a_loss_soon_after_a_death_is_made_good_too) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::write_gpu{gpu()}));
  die();
  auto local = job_store::open_sqlite_journal(folder, "worker-b");
  BOOST_REQUIRE(local);
  store = spawn("worker-b", 2s, std::move(*local));
  BOOST_REQUIRE(ask<std::string>(store, caf::get_atom::value));
  redis.cmd("FLUSHALL");
  BOOST_TEST(wait_until(
    [&] {
      return queued() == 1 && redis.field("c3:gpu:g", "workload") == "w";
    },
    15s));
  BOOST_TEST(status("a") == "queued");
}

BOOST_AUTO_TEST_CASE(what_redis_still_has_is_left_to_it) {
  start_with_journal("worker-a");
  auto x = claimed("a");
  die();
  redis.cmd("DEL", "job:a");
  start_with_journal("worker-b");
  push("b");
  BOOST_TEST(wait_until([&] {
    return claim(store).jobs.size() == 1;
  }));
  BOOST_TEST(redis.cmd("EXISTS", "job:a").integer == 0);
  BOOST_TEST(queued() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
