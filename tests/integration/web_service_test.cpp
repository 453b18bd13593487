// Jobs and events of the HTTP service, with a real Redis, over real sockets.
#include "tests/support/web_world.hpp"

#include <atomic>
#include <set>
#include <thread>

using namespace render;
using harness::line;
using world = harness::web_world;

BOOST_AUTO_TEST_SUITE(web_service)

BOOST_AUTO_TEST_CASE(a_job_is_a_record_and_a_place_in_the_queue) {
  world w;
  auto id = w.submit();
  BOOST_TEST(w.redis.cmd_list({"LINDEX", "queue:jobs", "0"}).text == id);
  BOOST_TEST(w.redis.cmd_list({"HGET", "job:" + id, "status"}).text
             == "queued");
  BOOST_TEST(w.redis.cmd_list({"HGET", "job:" + id, "data"}).text
             == R"({"text":"hi"})");
  auto got = w.ask("GET", "/v1/jobs/" + id).doc();
  BOOST_TEST(json::string_or_empty(got, "status") == "queued");
  BOOST_TEST(json::string_or_empty(got["waiting"], "reason") == "no_worker");
  BOOST_TEST(w.ask("GET", "/v1/jobs/none").status == 404u);
  BOOST_TEST(w.ask("GET", "/v1/jobs/..").status == 400u);
}

BOOST_AUTO_TEST_CASE(a_repeated_request_makes_no_second_job) {
  world w;
  std::vector<std::thread> threads;
  std::mutex lock;
  std::set<std::string> ids;
  for (auto i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto x = w.ask("POST", "/v1/jobs",
                     R"({"type":"csm","input":{"text":"a"}})",
                     {"Idempotency-Key: k"});
      auto doc = json::parse(x.body);
      std::lock_guard guard{lock};
      ids.insert(doc ? json::string_or_empty(*doc, "id") : x.body);
    });
  for (auto& x : threads)
    x.join();
  BOOST_TEST(ids.size() == 1u);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
  auto other = w.ask("POST", "/v1/jobs",
                     R"({"type":"csm","input":{"text":"b"}})",
                     {"Idempotency-Key: k"});
  BOOST_TEST(other.status == 422u);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
}

BOOST_AUTO_TEST_CASE(lists_go_on_where_they_ended) {
  world w;
  std::set<std::string> all;
  for (auto i = 0; i < 7; ++i)
    all.insert(w.submit());
  std::set<std::string> seen;
  std::string target = "/v1/jobs?status=queued&limit=3";
  for (auto pages = 0; !target.empty(); ++pages) {
    BOOST_REQUIRE(pages < 5);
    auto x = w.ask("GET", target);
    BOOST_REQUIRE_MESSAGE(x.status == 200, x.body);
    auto doc = x.doc();
    for (auto& one : doc["jobs"].GetArray())
      BOOST_TEST(seen.insert(json::string_or_empty(one, "id")).second);
    auto next = json::string_or_empty(doc, "next");
    BOOST_TEST(x.headers.contains("Link") == !next.empty());
    target = next.empty() ? ""
                          : "/v1/jobs?status=queued&limit=3&cursor=" + next;
  }
  BOOST_TEST((seen == all));
  BOOST_TEST(w.ask("GET", "/v1/jobs?status=odd&limit=0&cursor=x").status
             == 400u);
}

BOOST_AUTO_TEST_CASE(cancel_and_retry) {
  world w;
  auto id = w.submit();
  BOOST_TEST(w.ask("POST", "/v1/jobs/" + id + "/retry").status == 409u);
  auto x = w.ask("POST", "/v1/jobs/" + id + "/cancel");
  BOOST_TEST(json::string_or_empty(x.doc(), "status") == "cancelled");
  // Once more is no error: there is nothing to do.
  BOOST_TEST(w.ask("POST", "/v1/jobs/" + id + "/cancel").status == 200u);
  auto again = w.ask("POST", "/v1/jobs/" + id + "/retry");
  BOOST_TEST(again.status == 202u);
  BOOST_TEST(json::string_or_empty(again.doc(), "retry_of") == id);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
  std::lock_guard guard{w.lock};
  BOOST_TEST(w.audit.size() == 5u);
  BOOST_TEST(w.audit[2]
             == "local from 127.0.0.1: POST /v1/jobs/" + id + "/cancel: 200");
}

BOOST_AUTO_TEST_CASE(prefer_wait_answers_with_the_end) {
  world w;
  std::atomic<bool> done{false};
  std::thread worker{[&] {
    harness::wait_until([&] {
      return w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1;
    });
    auto id = w.redis.cmd_list({"LINDEX", "queue:jobs", "0"}).text;
    w.end(id, "success", {"result", "words"});
    done = true;
  }};
  auto x = w.ask("POST", "/v1/jobs",
                 R"({"type":"whisper","input":{"audio":"http://a/b"}})",
                 {"Prefer: wait=20"});
  worker.join();
  BOOST_TEST(done);
  BOOST_TEST(x.status == 200u);
  BOOST_TEST(json::string_or_empty(x.doc()["result"], "text") == "words");
  auto late = w.ask("POST", "/v1/jobs",
                    R"({"type":"csm","input":{"text":"a"}})",
                    {"Prefer: wait=1"});
  BOOST_TEST(late.status == 202u);
}

BOOST_AUTO_TEST_CASE(a_job_is_followed_to_its_end) {
  world w;
  auto id = w.submit();
  line x{w.service->port()};
  x.say("GET /v1/jobs/" + id + "/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_TEST(
    (x.hear("event: state").find("text/event-stream") != std::string::npos));
  w.redis.cmd_list({"HSET", "job:" + id, "status", "running", "stage", "render",
                    "progress", "0.5"});
  auto running = x.hear("\"progress\":0.5");
  BOOST_TEST((running.find("\"stage\":\"render\"") != std::string::npos));
  w.redis.cmd_list({"XADD", "c3:events", "*", "what", "job_ended", "job", id});
  BOOST_TEST((x.hear("job_ended").find("event: change") != std::string::npos));
  w.end(id, "failed", {"error", "why"});
  // The last chunk: the stream ends by itself.
  BOOST_TEST((x.hear("\r\n0\r\n\r\n").find("event: end") != std::string::npos));
  // HEAD opens no stream.
  line head{w.service->port()};
  head.say("HEAD /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
           "GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_TEST((head.hear("\"role\"").find("\"role\"") != std::string::npos));
  // One that has ended is told at once.
  auto late = w.ask("GET", "/v1/jobs/" + id + "/events");
  BOOST_TEST(late.body.starts_with("retry: 2000\n\nevent: end"));
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_where_it_was_cut) {
  world w;
  auto add = [&](const std::string& n) {
    return w.redis
      .cmd_list({"XADD", "c3:events", "*", "what", "job_claimed", "job", n})
      .text;
  };
  add("one");
  auto seen = add("two");
  add("three");
  line x{w.service->port()};
  x.say("GET /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
        + seen + "\r\n\r\n");
  BOOST_TEST((x.hear("\"three\"").find("\"two\"") == std::string::npos));
  add("four");
  auto all = x.hear("\"four\"");
  BOOST_TEST((all.find("\"four\"") != std::string::npos));
  BOOST_TEST((all.find("\"three\"") != std::string::npos));
  BOOST_TEST(all.find("\"three\"") == all.rfind("\"three\""));
  BOOST_TEST((all.find("event: reset") == std::string::npos));
  // What is gone is not passed over in silence.
  w.redis.cmd_list({"XTRIM", "c3:events", "MAXLEN", "1"});
  line y{w.service->port()};
  y.say("GET /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
        + seen + "\r\n\r\n");
  BOOST_TEST((y.hear("\"four\"").find("event: reset") != std::string::npos));
}

BOOST_AUTO_TEST_SUITE_END()
