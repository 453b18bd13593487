// The JOB STORE against a real redis-server: claims, ends and leases of jobs.
#include "tests/integration/redis_store.hpp"

#include <atomic>
#include <set>

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

BOOST_AUTO_TEST_CASE(locks_of_others_are_honoured_and_dead_ones_taken) {
  for (auto i = 0; i < 10; ++i)
    push("held" + std::to_string(i), "analyze", {"locked_by", "python"});
  for (auto i = 0; i < 10; ++i)
    redis.cmd("SET", "job:held" + std::to_string(i) + ":lock", "python");
  push("empty", "analyze", {"locked_by", ""});
  push("csm", "csm");
  auto got = claim(store, 5);
  BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
  BOOST_TEST(got.jobs[0].id == "empty");
  redis.cmd("DEL", "job:held3:lock");
  got = claim(store, 5);
  BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
  BOOST_TEST(got.jobs[0].id == "held3");
  auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->queue_length == 10u);
  BOOST_REQUIRE_EQUAL(seen->waiting.size(), 1u);
  BOOST_TEST(seen->waiting[0].id == "csm");
}

BOOST_AUTO_TEST_CASE(jobs_that_cannot_run_come_along_as_unfit) {
  push("late", "csm", {"complete_by", "1700000001.5"});
  push("odd", "video");
  push("garbled", "analyze", {"max_time", "soon"});
  redis.cmd("RPUSH", "queue:jobs", "ghost");
  redis.cmd("RPUSH", "queue:jobs", "ghost");
  redis.cmd("SET", "job:alien", "text");
  redis.cmd("RPUSH", "queue:jobs", "alien");
  push("fine");
  auto got = claim(store, 2);
  BOOST_REQUIRE_EQUAL(got.jobs.size(), 1u);
  BOOST_TEST(got.jobs[0].id == "fine");
  BOOST_TEST(!got.more_waiting);
  std::map<std::string, std::string> reasons;
  for (auto& x : got.unfit)
    reasons[x.subject.id] = x.reason.message;
  BOOST_TEST(reasons.size() == 4u);
  BOOST_TEST(reasons["late"] == "Job expired before processing could begin");
  BOOST_TEST(reasons["odd"].starts_with("type: got \"video\""));
  BOOST_TEST(reasons["garbled"].starts_with("max_time: got \"soon\""));
  for (auto& x : got.unfit) {
    auto done = ask<msg::job_settled>(
      store, msg::settle_job{x.subject, failed_outcome(x.reason)});
    BOOST_REQUIRE(done);
    BOOST_TEST(done->written);
  }
  BOOST_TEST(status("ghost") == "failed");
  BOOST_TEST(redis.cmd("TTL", "job:ghost").integer > 86'000);
  BOOST_TEST(redis.field("job:ghost", "error").starts_with("job record"));
  BOOST_TEST(status("late") == "failed");
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
      store, msg::report_progress{how, "render 1/2", 0.5, 1});
    BOOST_REQUIRE(before);
    BOOST_TEST(before->ours);
    BOOST_TEST(redis.field("job:" + how, "stage") == "render 1/2");
    if (how == "deleted")
      redis.cmd("DEL", "job:" + how);
    else
      redis.cmd("HSET", "job:" + how, "status", how, "error", "by user");
    auto after = ask<msg::ownership>(store,
                                     msg::report_progress{how, "", -1, 1});
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
  // Any worker finds it, once Redis has answered it for the time of a lease.
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
    // What only a write of progress makes.
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
  // It still says whose the job is.
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
  // Renewed by what the renderer reports …
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
  // Paused beyond its lease; another worker has the job now.
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

// So that its result has the name it would have had.
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
  // Its owner comes back first, and renews.
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

BOOST_AUTO_TEST_CASE(an_id_queued_twice_runs_once) {
  push("a");
  redis.cmd("RPUSH", "queue:jobs", "a");
  BOOST_TEST(claim(store, 5).jobs.size() == 1u);
  BOOST_TEST(queued() == 0);
}

BOOST_AUTO_TEST_CASE(two_workers_never_claim_the_same_job) {
  auto other = spawn("worker-b");
  for (auto i = 0; i < 500; ++i)
    push(std::to_string(i));
  std::vector<std::string> ids;
  while (ids.size() < 500) {
    caf::scoped_actor self{*system};
    msg::claim_jobs three{{{{"analyze"}, 3}}};
    auto first = self->request(store, 5s, three);
    auto second = self->request(other, 5s, three);
    auto take = [&](msg::claimed_jobs& x) {
      for (auto& y : x.jobs)
        ids.push_back(y.id);
    };
    auto bad = [](caf::error&) {
      BOOST_FAIL("no answer");
    };
    first.receive(take, bad);
    second.receive(take, bad);
  }
  BOOST_TEST((std::set<std::string>(ids.begin(), ids.end()).size() == 500u));
}

// How many records Redis looks at for one claim.
struct long_queue : harness::redis_store {
  long long looks(uint32_t n, const std::string& type,
                  const std::vector<std::string>& expected) {
    redis.cmd("CONFIG", "RESETSTAT");
    auto got = claim(store, n, type);
    std::vector<std::string> ids;
    for (auto& x : got.jobs)
      ids.push_back(x.id);
    BOOST_TEST(ids == expected, boost::test_tools::per_element());
    auto stats = redis.cmd("INFO", "commandstats").text;
    const std::string mark = "cmdstat_hmget:calls=";
    auto at = stats.find(mark);
    return at == std::string::npos ? 0
                                   : std::stoll(stats.substr(at + mark.size()));
  }

  void push_many(const std::string& name, int count, const std::string& type) {
    for (auto i = 0; i < count; ++i)
      push(name + std::to_string(i), type);
  }
};

BOOST_FIXTURE_TEST_CASE(a_long_queue_of_others_is_walked_once, long_queue) {
  push_many("theirs", 500, "analyze");
  BOOST_TEST(looks(2, "csm", {}) == 500);
  // Its head is looked at each time, for what was put back.
  BOOST_TEST(looks(2, "csm", {}) == 100);
  push_many("new", 20, "analyze");
  push("ours", "csm");
  BOOST_TEST(looks(2, "csm", {"ours"}) == 100 + 21 + 1);
  BOOST_TEST(looks(2, "csm", {}) == 100);
  redis.cmd("LPUSH", "queue:jobs", "back");
  redis.cmd("HSET", "job:back", "type", "csm", "status", "queued");
  BOOST_TEST(looks(2, "csm", {"back"}) == 101);
  // Other types: nothing is known of them.
  BOOST_TEST(looks(1, "analyze", {"theirs0"}) == 2);
  BOOST_TEST(looks(1, "analyze", {"theirs1"}) == 2);
}

BOOST_FIXTURE_TEST_CASE(a_job_that_had_no_slot_is_not_passed, long_queue) {
  push_many("theirs", 200, "analyze");
  push_many("ours", 3, "csm");
  push_many("more", 200, "analyze");
  BOOST_TEST(looks(1, "csm", {"ours0"}) == 202);
  BOOST_TEST(looks(1, "csm", {"ours1"}) == 102);
  BOOST_TEST(looks(5, "csm", {"ours2"}) == 100 + 202);
}

// Two kinds are wanted, and one of them has no slot left after the first job.
BOOST_FIXTURE_TEST_CASE(nor_is_one_whose_kind_had_none, long_queue) {
  push_many("theirs", 150, "portrait");
  push_many("ours", 2, "csm");
  push("last", "whisper");
  auto got = ask<msg::claimed_jobs>(
    store, msg::claim_jobs{{{{"csm"}, 1}, {{"whisper"}, 2}}});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->jobs.size() == 2u);
  BOOST_TEST(looks(1, "csm", {"ours1"}) == 102);
}

BOOST_FIXTURE_TEST_CASE(where_the_walk_ended_may_be_gone, long_queue) {
  push_many("theirs", 300, "analyze");
  claim(store, 1, "csm");
  redis.cmd("LREM", "queue:jobs", "0", "theirs299");
  push("ours", "csm");
  BOOST_TEST(looks(1, "csm", {"ours"}) == 300 + 1);
}

BOOST_AUTO_TEST_CASE(big_data_comes_with_a_claim_but_not_with_a_peek) {
  data = std::string(100u << 10, 'x');
  push("long");
  data = std::string(10u << 20, 'x');
  push("big");
  auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
  BOOST_REQUIRE(seen && seen->waiting.size() == 2u);
  BOOST_TEST(seen->waiting[0].data.empty());
  // More than any job may have: nothing that a job accepts.
  BOOST_TEST(seen->waiting[1].data == "null");
  auto got = ask<msg::claimed_jobs>(store, msg::claim_unfit{"big"});
  BOOST_REQUIRE(got && got->jobs.size() == 1u);
  BOOST_TEST(got->jobs[0].data.size() == data.size());
}

BOOST_AUTO_TEST_CASE(a_peek_says_little_of_known_jobs) {
  push("old");
  push("locked");
  push("new");
  redis.cmd("HSET", "job:locked", "locked_by", "python");
  redis.cmd("SET", "job:locked:lock", "python");
  auto seen = ask<msg::queue_snapshot>(
    store, msg::peek_queue{100, {"gone", "locked", "old"}});
  BOOST_REQUIRE(seen && seen->waiting.size() == 1u);
  BOOST_TEST(seen->waiting[0].id == "new");
  BOOST_TEST(seen->known == std::vector<uint32_t>{2});
  BOOST_TEST(seen->queue_length == 3u);
  // Known or not, no more than asked for.
  seen = ask<msg::queue_snapshot>(store, msg::peek_queue{1, {"old"}});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->known == std::vector<uint32_t>{0});
  BOOST_TEST(seen->waiting.empty());
}

BOOST_AUTO_TEST_SUITE_END()
