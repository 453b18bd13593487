// A rolling upgrade, second half: the JOB STORE beside a worker of the first
// version, on the same keys.
#include "tests/integration/versions_store.hpp"

using namespace render;
using namespace std::chrono_literals;
using harness::versions_store;
using harness::wait_until;

BOOST_FIXTURE_TEST_SUITE(beside_a_worker_of_the_first_version, versions_store)

BOOST_AUTO_TEST_CASE(each_ends_its_own_jobs) {
  push("a");
  auto theirs = old.claim_jobs(30s);
  push("b");
  auto mine = claim_one("b");
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(claim(store, 10).jobs.empty());
  BOOST_TEST(old.claim_jobs(30s).empty());
  BOOST_TEST(old.progress(theirs[0]));
  BOOST_TEST(old.renew(theirs[0]));
  BOOST_TEST(ours(mine));
  BOOST_TEST(old.settle(theirs[0], "theirs"));
  BOOST_TEST(settle(mine, "mine"));
  // Asked again: the answer was lost.
  BOOST_TEST(old.settle(theirs[0], "theirs"));
  BOOST_TEST(settle(mine, "mine"));
  BOOST_TEST(redis.field("job:a", "result") == "theirs");
  BOOST_TEST(redis.field("job:b", "result") == "mine");
  // Fields are only added.
  for (auto& [name, value] : hash("job:a"))
    BOOST_TEST(hash("job:b").contains(name), name);
  BOOST_TEST(count("ZCARD", "c3:outbox") == 2);
  BOOST_TEST(count("ZCARD", "c3:leases") == 0);
  BOOST_TEST(count("SCARD", "c3:running:old-1") == 0);
  BOOST_TEST(count("SCARD", "c3:running:worker-a") == 0);
}

BOOST_AUTO_TEST_CASE(a_job_claimed_by_the_old_is_recovered_by_the_new) {
  push("a");
  auto theirs = old.claim_jobs(1ms);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  await_recovery("a");
  auto mine = claim_one("a");
  BOOST_TEST(mine.fence == 2u);
  BOOST_TEST(mine.attempt == 2u);
  BOOST_REQUIRE_EQUAL(mine.history.size(), 1u);
  // The old worker wakes up, and can write nothing.
  BOOST_TEST(!old.renew(theirs[0]));
  BOOST_TEST(!old.progress(theirs[0]));
  BOOST_TEST(!old.settle(theirs[0], "theirs"));
  BOOST_TEST(!old.release(theirs[0]));
  BOOST_TEST(ours(mine));
  BOOST_TEST(settle(mine, "mine"));
  BOOST_TEST(redis.field("job:a", "result") == "mine");
}

BOOST_AUTO_TEST_CASE(a_job_claimed_by_the_new_is_recovered_by_the_old) {
  push("a");
  auto mine = claim_one("a");
  let_lease_end("c3:leases", "a");
  BOOST_TEST((old.recover() == names{"a"}));
  auto theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(theirs[0].fence == "2");
  BOOST_TEST(theirs[0].attempt == "2");
  // The store must not take this for a loss of Redis' data, and claim the job
  // again.
  BOOST_TEST(!ours(mine));
  BOOST_TEST(!settle(mine, "mine"));
  BOOST_TEST(redis.field("job:a", "locked_by") == "old-1");
  BOOST_TEST(old.settle(theirs[0], "theirs"));
  BOOST_TEST(redis.field("job:a", "result") == "theirs");
}

BOOST_AUTO_TEST_CASE(what_one_gives_back_the_other_takes) {
  push("a");
  auto theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(old.release(theirs[0]));
  auto mine = claim_one("a");
  BOOST_TEST(mine.attempt == 1u);
  BOOST_TEST(mine.fence == 1u);
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::release_job{"a", mine.fence}).has_value());
  theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(theirs[0].attempt == "1");
  BOOST_TEST(theirs[0].fence == "1");
  BOOST_TEST(!settle(mine, "mine"));
  BOOST_TEST(old.settle(theirs[0], "theirs"));
}

BOOST_AUTO_TEST_CASE(where_a_render_runs_is_read_by_the_old) {
  push("a");
  auto mine = claim_one("a");
  auto handle = to_text(render_handle{"n1", "comfyui", "p1"});
  caf::anon_send(store, msg::note_remote{"a", mine.fence, handle});
  BOOST_REQUIRE(wait_until([&] {
    return redis.field("job:a", "remote") == handle;
  }));
  let_lease_end("c3:leases", "a");
  BOOST_TEST((old.recover() == names{"a"}));
  auto theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(theirs[0].remote == handle);
}

// Redis has lost a claim of the new worker; the producer has pushed the job
// again, and the old worker, which knows no marks, has it.
BOOST_AUTO_TEST_CASE(what_the_old_claims_after_a_loss_stays_with_it) {
  push("a");
  auto mine = claim_one("a");
  redis.cmd("FLUSHALL");
  push("a");
  auto theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_TEST(!ours(mine));
  BOOST_TEST(!settle(mine, "mine"));
  BOOST_TEST(old.settle(theirs[0], "theirs"));
  BOOST_TEST(redis.field("job:a", "result") == "theirs");
}

BOOST_AUTO_TEST_CASE(a_webhook_made_by_the_old_is_delivered_by_the_new) {
  push("a");
  auto theirs = old.claim_jobs(30s);
  BOOST_REQUIRE_EQUAL(theirs.size(), 1u);
  BOOST_REQUIRE(old.settle(theirs[0], "theirs"));
  auto taken = take_webhooks();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST(taken[0].id == "msg_a");
  BOOST_TEST(taken[0].body
             == R"({"id":"a","status":"success","text":"theirs"})");
  // The entry is leased to the new worker now.
  BOOST_TEST(take_webhooks().empty());
  taken[0].attempts = 1;
  record(taken[0], msg::delivery_state::retry_later, "HTTP 500");
  BOOST_TEST((old.take_webhooks() == names{"a"}));
  old.record_delivery("a", "retry_later", 2, "HTTP 501");
  taken = take_webhooks();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST(taken[0].attempts == 2u);
  record(taken[0], msg::delivery_state::delivered);
  BOOST_TEST(count("EXISTS", "c3:outbox:a") == 0);
  BOOST_TEST(count("ZCARD", "c3:outbox") == 0);
}

BOOST_AUTO_TEST_CASE(a_webhook_made_by_the_new_is_delivered_by_the_old) {
  push("a");
  push("b");
  for (auto& x : claim(store, 10).jobs)
    BOOST_REQUIRE(settle(x));
  auto taken = old.take_webhooks();
  BOOST_TEST(taken.size() == 2u);
  old.record_delivery("a", "delivered", 1);
  old.record_delivery("b", "dead", 5, "HTTP 404");
  BOOST_TEST(take_webhooks().empty());
  BOOST_TEST(count("EXISTS", "c3:outbox:a") == 0);
  BOOST_TEST(has("c3:webhooks:dead", "b"));
  BOOST_TEST(redis.field("c3:outbox:b", "error") == "HTTP 404");
}

BOOST_AUTO_TEST_CASE(a_gpu_of_the_old_is_adopted_by_the_new) {
  BOOST_REQUIRE_EQUAL(old.write_gpu("e1", "intent", "", 30s), 1);
  BOOST_REQUIRE_EQUAL(old.write_gpu("e1", "running", "w1", 1ms), 1);
  BOOST_REQUIRE_EQUAL(old.write_gpu("e2", "running", "w2", 30s), 1);
  auto taken = take_gpus();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST((taken[0] == running("e1", "w1")));
  // The old worker wakes up, and can write nothing.
  BOOST_TEST(!old.renew_gpu("e1"));
  BOOST_TEST(old.write_gpu("e1", "stopping", "w1", 30s) == 0);
  BOOST_TEST(!old.close_gpu("e1"));
  BOOST_TEST(old.renew_gpu("e2"));
  // A workload of the old worker is not taken twice.
  BOOST_TEST(is(write(store, running("e3", "w2")), failure_kind::rejected));
  BOOST_TEST(write(taker, taken[0]).has_value());
  BOOST_TEST(close(taker, taken[0]).has_value());
  BOOST_TEST(count("EXISTS", "c3:gpu:e1") == 0);
  BOOST_TEST(count("LLEN", "c3:gpus:closed") == 1);
}

BOOST_AUTO_TEST_CASE(a_gpu_of_the_new_is_adopted_by_the_old) {
  auto mine = running("e1", "w1");
  mine.known_before = {"w8", "w9"};
  BOOST_REQUIRE(write(store, mine));
  BOOST_TEST(old.take_gpus().empty());
  let_lease_end("c3:gpus", "e1");
  BOOST_TEST((old.take_gpus() == names{"e1"}));
  BOOST_TEST(old.write_gpu("e1", "running", "w1", 30s) == 1);
  // The old worker does not know the field, and keeps it.
  BOOST_TEST(redis.field("c3:gpu:e1", "known_before") == "w8\nw9");
  BOOST_TEST(is(write(store, mine), failure_kind::not_owner));
  BOOST_TEST(is(close(store, mine), failure_kind::not_owner));
  BOOST_TEST(old.close_gpu("e1"));
  BOOST_TEST(count("ZCARD", "c3:gpus") == 0);
  BOOST_TEST(count("LLEN", "c3:gpus:closed") == 1);
}

BOOST_AUTO_TEST_SUITE_END()
