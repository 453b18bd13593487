// A rolling upgrade, first half: the JOB STORE reads the records of other
// versions, and keeps fields that it does not know.
#include "tests/integration/versions_store.hpp"

using namespace render;
using namespace std::chrono_literals;
using harness::versions_store;
using harness::wait_until;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(records_of_other_versions, versions_store)

BOOST_AUTO_TEST_CASE(a_python_workers_dead_lock_is_taken_and_nothing_else) {
  load("python_worker.json");
  auto x = claim_one("dead-lock");
  BOOST_TEST(x.attempt == 1u);
  BOOST_TEST(x.fence == 1u);
  BOOST_TEST(x.history.empty());
  BOOST_TEST(x.remote == "");
  BOOST_TEST(x.created_at_s == 1'700'000'000.25);
  BOOST_TEST(x.max_time_s == 600);
  // One Python worker boots its GPU, another one works. Neither job has a lease
  // that could run out.
  BOOST_TEST(queued() == 1);
  BOOST_TEST(redis.field("job:booting", "locked_by") == "python-2");
  BOOST_TEST(status("at-work") == "running");
  BOOST_TEST(status("ended") == "success");
  BOOST_TEST(settle(x));
  BOOST_TEST(redis.field("job:dead-lock", "result") == "words");
  BOOST_TEST(take_webhooks().empty());
  BOOST_TEST(has("c3:outbox", "dead-lock"));
}

BOOST_AUTO_TEST_CASE(a_job_of_the_first_version_is_recovered_and_ended) {
  load("version_1.json");
  await_recovery("left");
  BOOST_TEST(count("SCARD", "c3:running:old-1") == 0);
  BOOST_TEST(redis.field("job:left", "stage") == "");
  auto x = claim_one("left");
  BOOST_TEST(x.attempt == 3u);
  BOOST_TEST(x.fence == 3u);
  BOOST_REQUIRE_EQUAL(x.history.size(), 2u);
  BOOST_TEST(x.history[0] == "node lost");
  BOOST_TEST(x.history[1] == "its worker stopped answering: old-1");
  BOOST_TEST((read_handle(x.remote) == render_handle{"n1", "comfyui", "p1"}));
  BOOST_TEST(ours(x));
  BOOST_TEST(settle(x));
  BOOST_TEST(status("left") == "success");
  BOOST_TEST(redis.field("job:left", "settled_by") == "worker-a 3");
  BOOST_TEST(redis.field("c3:outbox:left", "url") == "http://n/h");
}

BOOST_AUTO_TEST_CASE(an_end_of_the_first_version_stands) {
  load("version_1.json");
  job x;
  x.id = "ended";
  x.fence = 1;
  BOOST_TEST(!settle(x, "other"));
  redis.cmd("RPUSH", "queue:jobs", "ended");
  BOOST_TEST(claim(store, 10).jobs.empty());
  BOOST_TEST(redis.field("job:ended", "result") == "words");
}

BOOST_AUTO_TEST_CASE(webhooks_of_the_first_version_are_delivered) {
  load("version_1.json");
  auto taken = take_webhooks();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  webhook expected{"msg_ended",
                   "ended",
                   "http://n/h",
                   R"({"id":"ended","status":"success","text":"words"})",
                   2,
                   1'700'000'009'000};
  BOOST_TEST((taken[0] == expected));
  record(taken[0], msg::delivery_state::delivered);
  BOOST_TEST(count("EXISTS", "c3:outbox:ended") == 0);
  BOOST_TEST(has("c3:webhooks:dead", "given-up"));
}

BOOST_AUTO_TEST_CASE(gpus_of_the_first_version_are_taken_over_and_ended) {
  load("version_1.json");
  auto taken = take_gpus();
  BOOST_REQUIRE_EQUAL(taken.size(), 3u);
  gpu_entry intent;
  intent.id = "e-intent";
  intent.type = "media:fast";
  intent.expires_s = 1'700'007'200;
  intent.intent_s = 1'700'000'000.5;
  BOOST_TEST((taken[0] == intent));
  BOOST_TEST((taken[1].state == gpu_entry_state::running));
  BOOST_TEST(taken[1].workload == "w-running");
  BOOST_TEST(taken[1].node == "n-running");
  BOOST_TEST(taken[1].launched_s == 1'700'000'002.5);
  BOOST_TEST((taken[2].state == gpu_entry_state::stopping));
  for (auto& x : taken) {
    BOOST_TEST(write(taker, x).has_value());
    BOOST_TEST(close(taker, x).has_value());
  }
  BOOST_TEST(count("ZCARD", "c3:gpus") == 0);
  BOOST_TEST(count("LLEN", "c3:gpus:closed") == 4);
}

BOOST_AUTO_TEST_CASE(a_job_of_the_version_before_is_recovered_and_told_of) {
  load("version_6.json");
  await_recovery("left");
  BOOST_TEST(contains(redis.field("job:left", "attempt_2"), "old-6"));
  auto x = claim_one("left");
  BOOST_TEST(x.attempt == 3u);
  BOOST_TEST(ours(x));
  BOOST_TEST(settle(x));
  auto now = hash("job:left");
  BOOST_TEST(now["worker"] == "worker-a");
  BOOST_TEST(now["stages"].ends_with(" render"));
  BOOST_TEST(contains(now["attempt_3"], "\"how\":\"success\""));
  // How long it waited for its first attempt nobody knows any more.
  BOOST_TEST(!now.contains("waited_s"));
  BOOST_TEST(has("c3:ended:analyze", "left"));
  BOOST_TEST(has("c3:ended:success", "left"));
  // What has ended before is in no index.
  BOOST_TEST(!has("c3:ended", "ended"));
  BOOST_TEST(redis.field("job:ended", "settled_by") == "old-6 1");
}

BOOST_AUTO_TEST_CASE(a_gpu_of_the_version_before_is_taken_over_and_ended) {
  load("version_6.json");
  auto taken = take_gpus();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  BOOST_TEST((taken[0].state == gpu_entry_state::ready));
  BOOST_TEST(close(taker, taken[0]).has_value());
  auto events = redis.cmd("XRANGE", "c3:events", "-", "+").elements;
  BOOST_REQUIRE(!events.empty());
  BOOST_TEST(events.back().elements.at(1).elements.at(1).text == "gpu_closed");
}

BOOST_AUTO_TEST_CASE(what_a_later_version_adds_to_a_job_stays) {
  load("later_version.json");
  await_recovery("left");
  auto kept = [&] {
    auto x = hash("job:left");
    return x["trace_id"] == "t-1" && x["cost_limit"] == "12.5";
  };
  BOOST_TEST(kept());
  auto x = claim_one("left");
  BOOST_TEST((read_handle(x.remote) == render_handle{"n1", "comfyui", "p1"}));
  BOOST_TEST(ours(x));
  BOOST_REQUIRE(
    ask<caf::ok_atom>(store, msg::release_job{x.id, x.fence}).has_value());
  BOOST_TEST(kept());
  x = claim_one("left");
  x.attempt = 3;
  x.history.push_back("node lost");
  caf::anon_send(store, msg::note_attempt{x});
  caf::anon_send(store, msg::note_remote{x.id, x.fence, "elsewhere"});
  BOOST_TEST(wait_until([&] {
    return redis.field("job:left", "remote") == "elsewhere";
  }));
  BOOST_TEST(redis.field("job:left", "attempt") == "3");
  BOOST_TEST(kept());
  BOOST_TEST(settle(x));
  BOOST_TEST(status("left") == "success");
  BOOST_TEST(kept());
  BOOST_TEST(redis.field("c3:plan:left", "step") == "4");
  BOOST_TEST(redis.cmd("GET", "c3:mark:new-1:1700000000000").text == "17");
}

BOOST_AUTO_TEST_CASE(what_a_later_version_adds_to_a_webhook_stays) {
  load("later_version.json");
  auto kept = [&] {
    return redis.field("c3:outbox:ended", "signature_kind") == "v1a";
  };
  for (auto state :
       {msg::delivery_state::retry_later, msg::delivery_state::dead}) {
    auto taken = take_webhooks();
    BOOST_REQUIRE_EQUAL(taken.size(), 1u);
    ++taken[0].attempts;
    record(taken[0], state, "HTTP 500");
    BOOST_TEST(kept());
  }
  BOOST_TEST(redis.field("c3:outbox:ended", "attempts") == "2");
  BOOST_TEST(has("c3:webhooks:dead", "ended"));
}

BOOST_AUTO_TEST_CASE(a_gpu_in_a_state_unknown_to_us_is_taken_over_with_care) {
  load("later_version.json");
  auto taken = take_gpus();
  BOOST_REQUIRE_EQUAL(taken.size(), 1u);
  auto& x = taken[0];
  BOOST_TEST((x.state == gpu_entry_state::intent));
  BOOST_TEST(x.workload == "w-odd");
  BOOST_TEST((x.known_before == std::vector<workload_id>{"w-8", "w-9"}));
  // The entry was read but not written yet, so it is unchanged.
  BOOST_TEST(redis.field("c3:gpu:e-odd", "state") == "hibernating");
  x.state = gpu_entry_state::running;
  BOOST_TEST(write(taker, x).has_value());
  auto now = hash("c3:gpu:e-odd");
  BOOST_TEST(now["state"] == "running");
  BOOST_TEST(now["region"] == "north");
  BOOST_TEST(now["price"] == "1.25");
  BOOST_TEST(close(taker, x).has_value());
  BOOST_TEST(count("EXISTS", "c3:gpu:e-odd") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
