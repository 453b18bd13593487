// The JOB STORE against a real redis-server: progress, ends and leases of jobs.
#include "tests/integration/redis_store.hpp"

using namespace render;
using namespace std::chrono_literals;

namespace {

using fixture = harness::redis_store;
using harness::unix_now;

} // namespace

BOOST_FIXTURE_TEST_SUITE(job_store_on_redis, fixture)
BOOST_AUTO_TEST_CASE(a_claim_locks_and_a_settle_writes_all_in_one_step) {
  push("a");
  push("b");
  auto got = claim(store);
  BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
  BOOST_TEST(got.more_waiting);
  BOOST_TEST(got.jobs[0].id == "a");
  BOOST_TEST(got.jobs[0].attempt == 1u);
  BOOST_TEST(got.jobs[0].created_at_s == 1700000000.25);
  BOOST_TEST(got.jobs[0].data == data);
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(redis.field("job:a", "locked_by") == "worker-a");
  BOOST_TEST(redis.cmd("GET", "job:a:lock").text == "worker-a");
  auto ttl = redis.cmd("TTL", "job:a:lock").integer;
  BOOST_TEST((ttl > 290 && ttl <= 300));
  BOOST_TEST(queued() == 1);
  for (auto round = 0; round < 2; ++round) {
    auto done = ask<msg::job_settled>(
      store, msg::settle_job{got.jobs[0], text("words\xff")});
    BOOST_REQUIRE(done);
    BOOST_TEST(done->written);
    BOOST_REQUIRE_EQUAL(done->webhooks.size(), 1u);
    BOOST_TEST(done->webhooks[0].id == "msg_a");
    BOOST_TEST(done->webhooks[0].url == "http://n/h");
    BOOST_TEST(done->webhooks[0].body
               == "{\"id\":\"a\",\"status\":\"success\",\"text\":\"words\xEF"
                  "\xBF\xBD\"}");
  }
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(redis.field("job:a", "result") == "words\xff");
  BOOST_TEST(redis.cmd("EXISTS", "job:a:lock").integer == 0);
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 1);
  BOOST_TEST(redis.cmd("SCARD", "c3:running:worker-a").integer == 0);
}

BOOST_AUTO_TEST_CASE(ends_that_come_together_go_in_few_calls) {
  constexpr auto count = 40u;
  for (auto i = 0u; i < count; ++i)
    push(std::to_string(i));
  auto jobs = claim(store, count).jobs;
  BOOST_REQUIRE_EQUAL(jobs.size(), count);
  redis.cmd("HSET", "job:3", "status", "cancelled");
  redis.cmd("CONFIG", "RESETSTAT");
  caf::scoped_actor self{*system};
  for (auto& job : jobs)
    self->send(store, msg::settle_job{job, text("t")});
  auto written = [&] {
    return redis.cmd("ZCARD", "c3:outbox").integer == count - 1;
  };
  BOOST_TEST(harness::wait_until(written));
  auto stats = redis.cmd("INFO", "commandstats").text;
  auto calls = stats.find("cmdstat_evalsha:calls=");
  BOOST_REQUIRE(calls != std::string::npos);
  BOOST_TEST(std::stoi(stats.substr(calls + 22)) < static_cast<int>(count));
  BOOST_TEST(status("3") == "cancelled");
  for (auto id : {"0", "2", "4", "39"})
    BOOST_TEST(status(id) == "success");
}

// One that cannot be written keeps none of the others from their end.
BOOST_AUTO_TEST_CASE(an_end_that_redis_refuses_hinders_no_other) {
  push("told");
  data = R"({"image_url":"http://a/b"})";
  push("quiet");
  push("more");
  auto jobs = claim(store, 3).jobs;
  BOOST_REQUIRE_EQUAL(jobs.size(), 3u);
  redis.cmd("SET", "c3:outbox", "no sorted set");
  caf::scoped_actor self{*system};
  for (auto& job : jobs)
    self->send(store, msg::settle_job{job, text("t")});
  auto ended = [&] {
    return status("quiet") == "success" && status("more") == "success";
  };
  BOOST_TEST(harness::wait_until(ended));
  BOOST_TEST(redis.cmd("EXISTS", "job:quiet:lock", "job:more:lock").integer
             == 0);
}

BOOST_AUTO_TEST_CASE(a_notify_url_of_no_use_is_noted_with_the_end) {
  data = R"({"image_url":"http://a/b","notify_url":"n/h"})";
  push("a");
  auto job = claim(store, 1).jobs.at(0);
  BOOST_REQUIRE(ask<msg::job_settled>(store, msg::settle_job{job, text("t")}));
  BOOST_TEST(status("a") == "success");
  BOOST_TEST(redis.field("job:a", "notice")
             == "notify_url: got \"n/h\", accepted is an http or https URL; no "
                "webhook is sent");
  data = R"({"image_url":"http://a/b"})";
  push("a");
  job = claim(store, 1).jobs.at(0);
  BOOST_REQUIRE(ask<msg::job_settled>(store, msg::settle_job{job, text("t")}));
  BOOST_TEST(redis.cmd("HEXISTS", "job:a", "notice").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_front_end_cancel_is_never_overwritten) {
  push("queued");
  redis.cmd("HSET", "job:queued", "status", "cancelled");
  BOOST_TEST(claim(store).jobs.empty());
  BOOST_TEST(queued() == 0);
  for (std::string how : {"cancelled", "timed_out", "failed", "deleted"}) {
    push(how);
    auto got = claim(store);
    BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
    auto before = ask<msg::ownership>(
      store, msg::report_progress{job_id{how}, "render 1/2", 0.5, 1});
    BOOST_REQUIRE(before);
    BOOST_TEST(before->ours);
    BOOST_TEST(redis.field("job:" + how, "stage") == "render 1/2");
    if (how == "deleted")
      redis.cmd("DEL", "job:" + how);
    else
      redis.cmd("HSET", "job:" + how, "status", how, "error", "by user");
    auto after = ask<msg::ownership>(
      store, msg::report_progress{job_id{how}, "", -1, 1});
    BOOST_REQUIRE(after);
    BOOST_TEST(!after->ours);
    BOOST_TEST(after->status == (how == "deleted" ? "" : how));
    auto done = ask<msg::job_settled>(
      store, msg::settle_job{got.jobs[0], text("late")});
    BOOST_REQUIRE(done);
    BOOST_TEST(!done->written);
    BOOST_TEST(done->webhooks.empty());
    BOOST_TEST(status(how) == (how == "deleted" ? "" : how));
  }
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_released_job_stands_at_the_head_as_it_was) {
  push("a");
  push("b");
  claim(store);
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::release_job{"a", 1}));
  BOOST_TEST(redis.cmd("LINDEX", "queue:jobs", "0").text == "a");
  BOOST_TEST(status("a") == "queued");
  for (auto name : {"locked_by", "locked_at", "started_at", "attempt"})
    BOOST_TEST(redis.cmd("HGET", "job:a", name).nil);
  BOOST_TEST(redis.cmd("EXISTS", "job:a:lock").integer == 0);
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::release_job{"a", 1}));
  BOOST_TEST(queued() == 2);
}

BOOST_AUTO_TEST_CASE(a_lease_that_ran_out_puts_the_job_at_the_head) {
  push("a");
  push("b");
  BOOST_TEST(claim(store).jobs.at(0).fence == 1u);
  auto lease = std::stoll(redis.cmd("ZSCORE", "c3:leases", "a").text);
  auto left = lease - static_cast<long long>(unix_now() * 1000);
  BOOST_TEST((left > 28'000 && left <= 30'000));
  kill_store();
  redis.cmd("ZADD", "c3:leases", "1", "a");
  // Any worker finds the orphan, once Redis has answered that worker for the
  // time of a lease.
  store = spawn("worker-b", 300ms);
  BOOST_REQUIRE(harness::wait_until([&] {
    return status("a") == "queued";
  }));
  BOOST_TEST(redis.cmd("LINDEX", "queue:jobs", "0").text == "a");
  BOOST_TEST(redis.field("job:a", "attempt") == "1");
  BOOST_TEST(redis.cmd("HGET", "job:a", "locked_by").nil);
  BOOST_TEST(redis.cmd("EXISTS", "job:a:lock").integer == 0);
  BOOST_TEST(redis.cmd("SCARD", "c3:running:worker-a").integer == 0);
  auto again = claim(store).jobs.at(0);
  BOOST_TEST(again.id == "a");
  BOOST_TEST(again.attempt == 2u);
  BOOST_TEST(again.fence == 2u);
  BOOST_REQUIRE_EQUAL(again.history.size(), 1u);
  BOOST_TEST(again.history[0] == "its worker stopped answering: worker-a");
}

BOOST_AUTO_TEST_CASE(progress_that_is_still_the_same_is_not_written_again) {
  push("a");
  claim(store);
  auto report = [&](const std::string& stage, double progress) {
    // A field that only a write of progress sets.
    redis.cmd("HDEL", "job:a", "progress_at");
    auto got = ask<msg::ownership>(
      store, msg::report_progress{"a", stage, progress, 1});
    BOOST_REQUIRE(got);
    BOOST_TEST(got->ours);
    BOOST_TEST(redis.field("job:a", "stage") == stage);
    BOOST_TEST(std::stod(redis.field("job:a", "progress")) == progress);
    return !redis.field("job:a", "progress_at").empty();
  };
  BOOST_TEST(report("render 1/2", 0));
  BOOST_TEST(!report("render 1/2", 0));
  BOOST_TEST(report("render 1/2", 0.5));
  BOOST_TEST(report("render 2/2", 0.5));
  BOOST_TEST(report("render 1/2", 0.5));
  BOOST_TEST(!report("render 1/2", 0.5));
  // The answer still tells the owner.
  redis.cmd("HINCRBY", "job:a", "fence", "1");
  auto lost = ask<msg::ownership>(
    store, msg::report_progress{"a", "render 1/2", 0.5, 1});
  BOOST_REQUIRE(lost);
  BOOST_TEST(!lost->ours);
}

BOOST_AUTO_TEST_CASE(progress_is_written_now_and_then_all_the_same) {
  progress_kept = 50ms;
  store = spawn("worker-b");
  push("a");
  claim(store);
  auto report = [&] {
    ask<msg::ownership>(store, msg::report_progress{"a", "render", 0.5, 1});
  };
  report();
  redis.cmd("HDEL", "job:a", "progress_at");
  BOOST_TEST(harness::wait_until([&] {
    report();
    return !redis.field("job:a", "progress_at").empty();
  }));
}

BOOST_AUTO_TEST_CASE(a_live_lease_is_renewed_and_not_taken) {
  kill_store();
  store = spawn("worker-b", 900ms);
  push("a");
  claim(store);
  redis.cmd("ZADD", "c3:leases", "1", "a");
  // The lease is renewed by the renderer's reports …
  BOOST_REQUIRE(
    ask<msg::ownership>(store, msg::report_progress{"a", "", -1, 1}));
  auto score = [&] {
    return std::stoll(redis.cmd("ZSCORE", "c3:leases", "a").text);
  };
  BOOST_TEST(score() > 1'000'000);
  // … and by the store itself.
  auto before = score();
  BOOST_TEST(harness::wait_until([&] {
    return score() > before;
  }));
}

BOOST_AUTO_TEST_CASE(a_former_owner_can_write_nothing) {
  push("a");
  auto old = claim(store).jobs.at(0);
  // The worker was paused beyond its lease; another worker has the job now.
  redis.cmd("HDEL", "job:a", "locked_by");
  redis.cmd("HSET", "job:a", "status", "queued");
  redis.cmd("DEL", "job:a:lock");
  redis.cmd("RPUSH", "queue:jobs", "a");
  auto other = spawn("worker-b");
  auto fresh = claim(other).jobs.at(0);
  BOOST_TEST(fresh.fence == old.fence + 1);
  auto seen = ask<msg::ownership>(
    store, msg::report_progress{"a", "late", 0.5, old.fence});
  BOOST_REQUIRE(seen);
  BOOST_TEST(!seen->ours);
  auto late = ask<msg::job_settled>(store, msg::settle_job{old, text("old")});
  BOOST_REQUIRE(late);
  BOOST_TEST(!late->written);
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::release_job{"a", old.fence}));
  BOOST_TEST(status("a") == "running");
  BOOST_TEST(redis.field("job:a", "locked_by") == "worker-b");
  BOOST_TEST(!redis.cmd("ZSCORE", "c3:leases", "a").nil);
  auto done = ask<msg::job_settled>(other, msg::settle_job{fresh, text("new")});
  BOOST_REQUIRE(done);
  BOOST_TEST(done->written);
  BOOST_TEST(redis.field("job:a", "result") == "new");
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 1);
  BOOST_TEST(redis.cmd("ZCARD", "c3:leases").integer == 0);
}

// The fence is part of the result's name, which must not change.
BOOST_AUTO_TEST_CASE(a_job_that_is_given_back_keeps_no_trace_of_the_claim) {
  push("a");
  BOOST_REQUIRE(ask<caf::ok_atom>(
    store, msg::release_job{"a", claim(store).jobs.at(0).fence}));
  auto again = claim(store).jobs.at(0);
  BOOST_TEST(again.fence == 1u);
  BOOST_TEST(again.attempt == 1u);
}

BOOST_AUTO_TEST_CASE(failed_attempts_are_remembered_with_the_job) {
  push("a");
  auto x = claim(store).jobs.at(0);
  x.attempt = 2;
  x.history = {"the GPU died", "line\nbreak"};
  caf::anon_send(store, msg::note_attempt{x});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.field("job:a", "attempt") == "2";
  }));
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::release_job{"a", 1}));
  auto again = claim(store).jobs.at(0);
  BOOST_TEST(again.attempt == 2u);
  BOOST_REQUIRE_EQUAL(again.history.size(), 2u);
  BOOST_TEST(again.history[1] == "line break");
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_over_right_after_an_outage) {
  push("a");
  claim(store);
  redis.cmd("ZADD", "c3:leases", "1", "a");
  redis.save();
  redis.restart();
  // The owner comes back first, and renews the lease.
  BOOST_TEST(harness::wait_until([&] {
    return redis.cmd("ZSCORE", "c3:leases", "a").text.size() > 5;
  }));
  BOOST_TEST(status("a") == "running");
}

BOOST_AUTO_TEST_CASE(where_a_render_runs_comes_back_with_the_job) {
  push("a");
  claim(store);
  caf::anon_send(store, msg::note_remote{"a", 1, "there"});
  caf::anon_send(store, msg::note_remote{"a", 0, "from a former owner"});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.field("job:a", "remote") == "there";
  }));
  BOOST_REQUIRE(ask<caf::ok_atom>(store, msg::release_job{"a", 1}));
  BOOST_TEST(claim(store).jobs.at(0).remote == "there");
}

BOOST_AUTO_TEST_SUITE_END()
