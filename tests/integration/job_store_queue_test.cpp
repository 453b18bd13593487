// The JOB STORE against a real redis-server: which jobs of the queue it looks
// at, and which it claims.
#include "tests/integration/redis_store.hpp"

#include <map>
#include <set>

using namespace render;
using namespace std::chrono_literals;

namespace {

using fixture = harness::redis_store;

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

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_queue_on_redis, fixture)

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
  // The Python worker ignores times that it cannot read.
  BOOST_REQUIRE_EQUAL(got.jobs.size(), 2u);
  BOOST_TEST(got.jobs[0].id == "garbled");
  BOOST_TEST(got.jobs[0].max_time_s == 0);
  BOOST_TEST(got.jobs[1].id == "fine");
  BOOST_TEST(!got.more_waiting);
  std::map<std::string, std::string> reasons;
  for (auto& x : got.unfit)
    reasons[x.subject.id] = x.reason.message;
  BOOST_TEST(reasons.size() == 3u);
  BOOST_TEST(reasons["late"] == "Job expired before processing could begin");
  BOOST_TEST(reasons["odd"].starts_with("Unknown job type: \"video\""));
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

BOOST_FIXTURE_TEST_CASE(a_long_queue_of_others_is_walked_once, long_queue) {
  push_many("theirs", 500, "analyze");
  BOOST_TEST(looks(2, "csm", {}) == 500);
  BOOST_TEST(looks(2, "csm", {}) == 0);
  // After a change the first hundred ids are looked at again, since jobs may
  // have been put back.
  push_many("new", 20, "analyze");
  push("ours", "csm");
  BOOST_TEST(looks(2, "csm", {"ours"}) == 100 + 21 + 1);
  BOOST_TEST(looks(2, "csm", {}) == 100);
  redis.cmd("LPUSH", "queue:jobs", "back");
  redis.cmd("HSET", "job:back", "type", "csm", "status", "queued");
  BOOST_TEST(looks(2, "csm", {"back"}) == 100);
  // For other types there is no cursor yet.
  BOOST_TEST(looks(1, "analyze", {"theirs0"}) == 1);
  BOOST_TEST(looks(1, "analyze", {"theirs1"}) == 1);
}

BOOST_FIXTURE_TEST_CASE(a_queue_that_is_as_it_was_is_not_looked_at,
                        long_queue) {
  push_many("theirs", 3, "analyze");
  BOOST_TEST(looks(2, "csm", {}) == 3);
  BOOST_TEST(looks(2, "csm", {}) == 0);
  redis.cmd("LREM", "queue:jobs", "0", "theirs1");
  BOOST_TEST(looks(2, "csm", {}) == 2);
  BOOST_TEST(looks(2, "csm", {}) == 0);
  // One job goes and another is put back, so the length is the same.
  redis.cmd("LREM", "queue:jobs", "0", "theirs0");
  redis.cmd("HSET", "job:back", "type", "csm", "status", "queued");
  redis.cmd("LPUSH", "queue:jobs", "back");
  BOOST_TEST(looks(2, "csm", {"back"}) == 2);
  BOOST_TEST(looks(2, "csm", {}) == 0);
  redis.cmd("LREM", "queue:jobs", "0", "theirs2");
  push("ours", "csm");
  BOOST_TEST(looks(2, "csm", {"ours"}) == 1);
  // An empty queue needs no look either.
  BOOST_TEST(looks(2, "csm", {}) == 0);
}

BOOST_FIXTURE_TEST_CASE(until_a_job_in_it_is_too_late, long_queue) {
  push("first", "analyze");
  push("late", "analyze",
       {"complete_by", std::to_string(harness::unix_now() + 0.5)});
  push("last", "analyze");
  BOOST_TEST(looks(2, "csm", {}) == 3);
  msg::claim_jobs speech{{{{"csm"}, 2}}};
  auto is_seen = [&] {
    auto got = ask<msg::claimed_jobs>(store, speech);
    return got && got->unfit.size() == 1u && got->unfit[0].subject.id == "late";
  };
  // After five seconds the whole queue is walked anyway.
  BOOST_TEST(harness::wait_until(is_seen, 3s));
}

// The other's lock can run out while the job is in the queue.
BOOST_FIXTURE_TEST_CASE(one_with_a_job_of_others_is_looked_at_each_time,
                        long_queue) {
  push("theirs", "csm", {"locked_by", "python"});
  redis.cmd("SET", "job:theirs:lock", "python");
  BOOST_TEST(looks(2, "csm", {}) == 1);
  BOOST_TEST(looks(2, "csm", {}) == 1);
  redis.cmd("DEL", "job:theirs:lock");
  BOOST_TEST(looks(2, "csm", {"theirs"}) == 1);
}

BOOST_FIXTURE_TEST_CASE(one_with_a_job_that_had_no_slot_too, long_queue) {
  push_many("ours", 3, "csm");
  BOOST_TEST(looks(1, "csm", {"ours0"}) == 1);
  BOOST_TEST(looks(1, "csm", {"ours1"}) == 1);
  // One kind has no slot left, the other one has.
  push("ours3", "csm");
  auto got = ask<msg::claimed_jobs>(
    store, msg::claim_jobs{{{{"csm"}, 1}, {{"whisper"}, 2}}});
  BOOST_REQUIRE(got && got->jobs.size() == 1u);
  BOOST_TEST(looks(2, "csm", {"ours3"}) == 1);
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

// A worker counts as long as it looks for orphans.
BOOST_AUTO_TEST_CASE(workers_are_counted) {
  auto asker = spawn("worker-b", 200ms);
  auto other = spawn("worker-c", 200ms);
  auto seen = [&] {
    auto got = ask<msg::queue_snapshot>(asker, msg::peek_queue{});
    return got ? got->place.workers : 0;
  };
  auto webhooks = [&] {
    auto got = ask<msg::webhooks_taken>(asker, msg::take_webhooks{});
    return got ? got->place.workers : 0;
  };
  BOOST_TEST(seen() == 1u);
  BOOST_TEST(harness::wait_until([&] {
    return seen() == 2u && webhooks() == 2u;
  }));
  caf::anon_send_exit(other, caf::exit_reason::kill);
  BOOST_TEST(harness::wait_until([&] {
    return seen() == 1u && webhooks() == 1u;
  }));
}

BOOST_AUTO_TEST_CASE(more_data_than_a_job_may_have_never_comes) {
  data = std::string(100u << 10, 'x');
  push("long");
  data = std::string(10u << 20, 'x');
  push("big");
  auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
  BOOST_REQUIRE(seen && seen->waiting.size() == 2u);
  BOOST_TEST(seen->waiting[0].data.empty());
  // Data beyond the limit of a job is replaced by a text that no job accepts.
  BOOST_TEST(seen->waiting[1].data == "null");
  auto got = ask<msg::claimed_jobs>(store, msg::claim_unfit{"big"});
  BOOST_REQUIRE(got && got->unfit.size() == 1u);
  BOOST_TEST(got->unfit[0].subject.data.size() < 100u);
  BOOST_TEST(got->unfit[0].reason.message.starts_with("data: got 10485760"));
  data = R"({"notify_url": "http://n/h","text":")" + data + "\"}";
  push("told");
  auto told = claim(store, 2);
  BOOST_TEST(told.jobs.size() == 1u);
  BOOST_REQUIRE(told.unfit.size() == 1u);
  BOOST_TEST(told.unfit[0].subject.data == R"({"notify_url":"http://n/h"})");
}

BOOST_AUTO_TEST_CASE(a_long_history_is_bounded) {
  // Whoever writes a history has had a fence.
  push("many", "analyze",
       {"fence", "1", "history", std::string(20u << 20, '\n')});
  push("tail", "analyze",
       {"fence", "1", "history", std::string(40u << 10, 'x') + "\nthe last"});
  auto got = claim(store, 2);
  BOOST_REQUIRE(got.jobs.size() == 2u);
  BOOST_TEST(got.jobs[0].history.size() == 1u);
  BOOST_TEST(got.jobs[1].history == std::vector<std::string>{"the last"});
}

BOOST_AUTO_TEST_CASE(a_fence_that_is_none_fails_the_job_once) {
  for (std::string fence :
       {"nan", "1e300", "18446744073709551615", "-1", "x"}) {
    push("j", "analyze", {"fence", fence});
    auto got = claim(store);
    BOOST_TEST(got.jobs.empty());
    BOOST_REQUIRE(got.unfit.size() == 1u);
    auto& x = got.unfit[0];
    BOOST_TEST(x.reason.message.starts_with("fence: got "));
    auto done = ask<msg::job_settled>(
      store, msg::settle_job{x.subject, failed_outcome(x.reason)});
    BOOST_REQUIRE(done);
    BOOST_TEST(done->written);
    BOOST_TEST(done->webhooks.size() == 1u);
    BOOST_TEST(status("j") == "failed");
    BOOST_TEST(queued() == 0);
    redis.cmd("DEL", "job:j");
  }
}

BOOST_AUTO_TEST_CASE(all_that_waits_is_counted) {
  for (auto i = 0; i < 1'200; ++i)
    push("c" + std::to_string(i), i % 4 ? "csm" : "analyze");
  auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->waiting.size() == 100u);
  BOOST_TEST(seen->waiting_by_type["csm"] == 900u);
  BOOST_TEST(seen->waiting_by_type["analyze"] == 300u);
}

// GPUs are launched by it. One that is kept for all workers would tell of the
// first jobs of a producer that pushes thousands.
BOOST_AUTO_TEST_CASE(a_queue_that_grows_is_counted_anew) {
  auto waiting = [this] {
    auto seen = ask<msg::queue_snapshot>(store, msg::peek_queue{});
    BOOST_REQUIRE(seen);
    return seen->waiting_by_type["csm"];
  };
  auto push_many = [this](const std::string& name, int count) {
    for (auto i = 0; i < count; ++i)
      push(name + std::to_string(i), "csm");
  };
  push_many("a", 1'200);
  BOOST_TEST(waiting() == 1'200u);
  push_many("b", 10);
  BOOST_TEST(waiting() == 1'200u);
  push_many("c", 20);
  BOOST_TEST(waiting() == 1'230u);
  // As a worker of an older version keeps it.
  redis.cmd("SET", "c3:waiting", "7 0 0 0");
  BOOST_TEST(waiting() == 7u);
}

BOOST_AUTO_TEST_CASE(ids_without_a_record_go_by_the_thousand) {
  for (auto i = 0; i < 1'500; ++i)
    redis.cmd("RPUSH", "queue:jobs", "gone-" + std::to_string(i));
  push("j");
  auto got = claim(store);
  BOOST_TEST(got.jobs.size() == 1u);
  BOOST_TEST(queued() < 600);
  BOOST_TEST(redis.field("job:gone-20", "status") == "failed");
  BOOST_TEST(redis.field("job:gone-20", "type") == "unknown");
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
  // The limit covers known and unknown jobs.
  seen = ask<msg::queue_snapshot>(store, msg::peek_queue{1, {"old"}});
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->known == std::vector<uint32_t>{0});
  BOOST_TEST(seen->waiting.empty());
}

BOOST_AUTO_TEST_SUITE_END()
