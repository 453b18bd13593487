// c3ctl's views of the workers' data in Redis: GPUs, webhooks, leases.
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

constexpr auto body = R"({"id":"x","status":"success"})";

struct ledger_world : ctl_world {
  static std::string ago(int seconds) {
    return std::to_string(std::time(nullptr) - seconds);
  }

  // Milliseconds, as in leases.
  static std::string ms_from_now(int seconds) {
    return ago(-seconds) + "000";
  }

  void put_gpu(const std::string& gpu, const std::string& state,
               const std::string& launched_at, int lease_s) {
    redis.cmd("HSET", "c3:gpu:" + gpu, "type", "media:fast", "state", state,
              "expires", ago(-7200), "intent_at", ago(7200), "workload",
              state == "intent" ? "" : "wl-" + gpu, "node", "node-" + gpu,
              "launched_at", launched_at, "owner", "w1");
    redis.cmd("ZADD", "c3:gpus", ms_from_now(lease_s), gpu);
  }

  void put_webhook(const std::string& job, const std::string& set,
                   int due_s = 0) {
    redis.cmd("HSET", "c3:outbox:" + job, "id", "msg_" + job, "url",
              "http://a.example/hook?token=secret", "body", body, "attempts",
              "5", "created_ms", "1700000000000", "error", "HTTP 503");
    redis.cmd("ZADD", set, ms_from_now(due_s), job);
  }

  json::document asked(std::vector<std::string> args) {
    args.insert(args.begin(), "--json");
    auto got = run(args);
    BOOST_TEST(got.code == 0, got.text);
    return parsed(got.text);
  }

  double score(const std::string& set, const std::string& member) {
    auto got = redis.cmd("ZSCORE", set, member);
    return got.nil ? -1 : std::strtod(got.text.c_str(), nullptr);
  }
};

const json::value& item(const json::document& x, const char* list, size_t n) {
  auto* items = json::find(x, list);
  BOOST_REQUIRE(items && items->IsArray() && items->Size() > n);
  return (*items)[static_cast<rapidjson::SizeType>(n)];
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(ctl_ledger, ledger_world)

BOOST_AUTO_TEST_CASE(every_command_has_help_with_an_example) {
  for (auto& args :
       std::vector<std::vector<std::string>>{{"gpus"},
                                             {"workers"},
                                             {"doctor"},
                                             {"webhooks"},
                                             {"webhooks", "list"},
                                             {"webhooks", "show"},
                                             {"webhooks", "replay"}}) {
    auto with_help = args;
    with_help.push_back("--help");
    auto got = run(with_help);
    BOOST_TEST(got.code == 0);
    BOOST_TEST(contains(got.text, "Example"), got.text);
    BOOST_TEST(contains(got.text, "  c3ctl "), got.text);
  }
}

BOOST_AUTO_TEST_CASE(wrong_options_are_one_clear_line_and_exit_2) {
  for (auto& args : std::vector<std::vector<std::string>>{
         {"workers", "all"},
         {"gpus", "--closed", "0"},
         {"gpus", "--price", "-1"},
         {"webhooks"},
         {"webhooks", "show"},
         {"webhooks", "replay"},
         {"webhooks", "replay", "a", "--all"}}) {
    auto got = run(args);
    BOOST_TEST(got.code == 2, got.text);
    BOOST_TEST(std::count(got.text.begin(), got.text.end(), '\n') == 1,
               got.text);
  }
}

BOOST_AUTO_TEST_CASE(gpus_shows_the_ledger) {
  BOOST_TEST(run({"gpus"}).text == "no GPU is rented\n");
  put_gpu("g1", "running", ago(3600), 25);
  put_gpu("g2", "intent", "0", -5);
  auto text = run({"gpus"}).text;
  for (auto* part : {"gpu ", "media:fast", "booting", "1 h", "wl-g1", "node-g1",
                     "w1", "intent", "2 h", "ran out"})
    BOOST_TEST(contains(text, part), text);
  BOOST_TEST(!contains(text, "cost"), text);
  auto doc = asked({"gpus", "--price", "1.5"});
  auto& first = item(doc, "gpus", 0); // Its lease ends first.
  BOOST_TEST(json::string_or_empty(first, "id") == "g2");
  BOOST_TEST(json::number(first, "lease_left_s").value_or(0) < 0);
  BOOST_TEST(json::number(first, "cost").value_or(-1) == 0);
  auto& second = item(doc, "gpus", 1);
  BOOST_TEST(json::string_or_empty(second, "workload") == "wl-g1");
  BOOST_TEST(json::number(second, "cost").value_or(0) >= 1.5);
  BOOST_TEST(json::number(second, "cost").value_or(0) < 1.6);
  auto left = json::number(second, "lease_left_s").value_or(0);
  BOOST_TEST((left > 0 && left <= 25));
}

BOOST_AUTO_TEST_CASE(gpus_shows_what_the_provider_lists) {
  put_gpu("g1", "ready", ago(3600), 25);
  redis.cmd("ZADD", "c3:workers", ms_from_now(60), "w1");
  redis.cmd("HSET", "c3:worker:w1", "provider",
            R"({"at":)" + ago(120)
              + R"(,"types":{"media:fast":2},"unknown":[{"workload":"foreign",)"
                R"("type":"media:fast","created":)"
              + ago(7200) + R"(,"since":)" + ago(3600) + "}]}");
  auto text = run({"gpus"}).text;
  for (auto* part : {"the provider listed 2 GPUs 2 min", "1 is not in the",
                     "not in the ledger", "foreign", "2 h"})
    BOOST_TEST(contains(text, part), text);
  auto doc = asked({"gpus"});
  auto* told = json::find(doc, "provider");
  BOOST_REQUIRE(told);
  BOOST_TEST(json::integer(*told, "gpus").value_or(0) == 2);
  auto got = run({"doctor"});
  BOOST_TEST(contains(got.text, "no entry of the launch ledger names"),
             got.text);
}

BOOST_AUTO_TEST_CASE(workers_shows_who_lives) {
  BOOST_TEST(run({"workers"}).text == "no worker is alive\n");
  redis.cmd("HSET", "c3:worker:w1", "version", "1.2.3", "host", "h1",
            "started_at", ago(3600), "seen_at", ago(2), "slots", "2",
            "free_slots", "1", "gpus_ready", "2", "jobs", "1", "draining", "0");
  redis.cmd("ZADD", "c3:workers", ms_from_now(60), "w1");
  redis.cmd("ZADD", "c3:workers", ms_from_now(60), "w2");
  redis.cmd("ZADD", "c3:workers", ms_from_now(-1), "w3");
  auto text = run({"workers"}).text;
  for (auto* part :
       {"w1 ", "works", "1 of 2", "2 ready", "1.2.3", "h1", "w2 ", "silent"})
    BOOST_TEST(contains(text, part), text);
  BOOST_TEST(!contains(text, "w3"), text);
  auto doc = asked({"workers"});
  BOOST_TEST(json::string_or_empty(item(doc, "workers", 0), "host") == "h1");
  BOOST_TEST(json::string_or_empty(item(doc, "workers", 1), "state")
             == "silent");
}

BOOST_AUTO_TEST_CASE(gpus_shows_what_ended_with_seconds_refund_and_cost) {
  BOOST_TEST(run({"gpus", "--closed", "3"}).text == "no GPU has ended\n");
  for (auto* seconds : {"7200", "1800", "3600.5"})
    redis.cmd("LPUSH", "c3:gpus:closed",
              R"({"id":"g)" + std::string{seconds}
                + R"(","type":"media:fast","workload":"wl","node":"n",)"
                  R"("worker":"w1","launched_at":1,"stopped_at":)"
                + ago(60) + R"(,"seconds":)" + seconds
                + R"(,"refund_amount":0.25,"reason":"idle"})");
  redis.cmd("LPUSH", "c3:gpus:closed", "damaged");
  auto text = run({"gpus", "--closed", "3", "--price", "2"}).text;
  for (auto* part : {"3600 ", "0.2500", "1 min", "idle", "$2.0003", "$1.0000",
                     "sum of 2 GPUs: 1 h 30 min, $3.0003 at $2.0000 an hour"})
    BOOST_TEST(contains(text, part), text);
  BOOST_TEST(!contains(text, "g7200"), text);
  auto doc = asked({"gpus", "--closed", "9", "--price", "2"});
  auto& last = item(doc, "closed", 2);
  BOOST_TEST(json::string_or_empty(last, "id") == "g7200");
  BOOST_TEST(json::number(last, "cost").value_or(0) == 4);
  BOOST_TEST(json::number(last, "refund_amount").value_or(0) == 0.25);
}

BOOST_AUTO_TEST_CASE(webhooks_list_shows_what_waits_and_what_is_dead) {
  BOOST_TEST(run({"webhooks", "list"}).text == "no webhook waits\n");
  BOOST_TEST(run({"webhooks", "list", "--dead"}).text
             == "no webhook was given up\n");
  put_webhook("a", "c3:outbox", 3600);
  put_webhook("b", "c3:webhooks:dead", -120);
  auto waiting = run({"webhooks", "list"}).text;
  BOOST_TEST(contains(waiting, "in 59 min"), waiting);
  BOOST_TEST(contains(waiting, "http://a.example/hook"), waiting);
  BOOST_TEST(!contains(waiting, "secret"), waiting);
  auto dead = run({"webhooks", "list", "--dead"}).text;
  BOOST_TEST(contains(dead, "2 min"), dead);
  BOOST_TEST(contains(dead, "HTTP 503"), dead);
  auto doc = asked({"webhooks", "list", "--dead"});
  BOOST_TEST(json::string_or_empty(item(doc, "webhooks", 0), "id") == "msg_b");
  BOOST_TEST(json::integer(item(doc, "webhooks", 0), "attempts").value_or(0)
             == 5);
}

BOOST_AUTO_TEST_CASE(webhooks_show_has_url_and_body) {
  put_webhook("a", "c3:outbox");
  for (auto* name : {"a", "msg_a"}) {
    auto text = run({"webhooks", "show", name}).text;
    BOOST_TEST(contains(text, "hook?token=secret"), text);
    BOOST_TEST(contains(text, "waiting"), text);
    auto doc = asked({"webhooks", "show", name});
    BOOST_TEST(json::string_or_empty(doc, "body") == body);
  }
  auto missing = run({"webhooks", "show", "b"});
  BOOST_TEST(missing.code == 1);
  BOOST_TEST(contains(missing.text, "job b"), missing.text);
}

BOOST_AUTO_TEST_CASE(a_replayed_dead_letter_is_the_same_and_due_now) {
  put_webhook("a", "c3:webhooks:dead", -120);
  put_webhook("b", "c3:webhooks:dead", -60);
  auto got = run({"webhooks", "replay", "msg_a"});
  BOOST_TEST(got.code == 0, got.text);
  BOOST_TEST(contains(got.text, "a is due again"), got.text);
  BOOST_TEST(score("c3:webhooks:dead", "a") == -1);
  auto due = score("c3:outbox", "a") / 1000;
  BOOST_TEST(is_about_now(due), due);
  BOOST_TEST(redis.field("c3:outbox:a", "attempts") == "0");
  BOOST_TEST(redis.field("c3:outbox:a", "id") == "msg_a");
  BOOST_TEST(redis.field("c3:outbox:a", "body") == body);
  BOOST_TEST(redis.field("c3:outbox:a", "created_ms") == "1700000000000");
  BOOST_TEST(score("c3:webhooks:dead", "b") > 0);
  BOOST_TEST(score("c3:outbox", "b") == -1);
}

BOOST_AUTO_TEST_CASE(what_is_not_dead_is_not_replayed) {
  put_webhook("a", "c3:outbox", 300);
  auto due = score("c3:outbox", "a");
  for (auto* name : {"a", "nobody"})
    BOOST_TEST(run({"webhooks", "replay", name}).code == 1);
  BOOST_TEST(score("c3:outbox", "a") == due);
  BOOST_TEST(redis.field("c3:outbox:a", "attempts") == "5");
  BOOST_TEST(score("c3:outbox", "nobody") == -1);
}

BOOST_AUTO_TEST_CASE(all_dead_letters_can_be_replayed) {
  for (auto* name : {"a", "b", "c"})
    put_webhook(name, "c3:webhooks:dead");
  redis.cmd("ZADD", "c3:webhooks:dead", "1", "trimmed");
  auto doc = asked({"webhooks", "replay", "--all"});
  BOOST_TEST(json::find(doc, "replayed")->Size() == 3u);
  BOOST_TEST(redis.cmd("ZCARD", "c3:webhooks:dead").integer == 0);
  BOOST_TEST(redis.cmd("ZCARD", "c3:outbox").integer == 3);
  BOOST_TEST(run({"webhooks", "replay", "--all"}).code == 0);
}

BOOST_AUTO_TEST_CASE(queue_shows_what_is_leased) {
  put_job(id, {"status", "running", "locked_by", "w-1", "attempt", "2"});
  redis.cmd("ZADD", "c3:leases", ms_from_now(20), id);
  auto text = run({"queue"}).text;
  BOOST_TEST(contains(text, "nothing waits\n\nrunning\n"), text);
  BOOST_TEST(contains(text, id), text);
  BOOST_TEST(contains(text, "w-1"), text);
  redis.cmd("ZADD", "c3:leases", ms_from_now(-20), id);
  BOOST_TEST(contains(run({"queue"}).text, "ran out"));
  auto doc = asked({"queue"});
  BOOST_TEST(json::string_or_empty(item(doc, "leased", 0), "id") == id);
  BOOST_TEST(json::string_or_empty(item(doc, "leased", 0), "held_by") == "w-1");
}

BOOST_AUTO_TEST_CASE(the_doctor_says_what_is_wrong_and_exits_with_1) {
  auto got = run({"doctor"});
  BOOST_TEST(got.code == 0, got.text);
  BOOST_TEST(contains(got.text, "no work could flow\n"), got.text);
  put_job(id, {"complete_by", ago(5)});
  redis.cmd("RPUSH", "queue:jobs", id);
  put_gpu("g1", "ready", ago(3600), -120);
  put_webhook(id, "c3:outbox", -90);
  put_webhook(other_id, "c3:webhooks:dead");
  put_job(other_id, {"status", "failed", "error", "no voice"});
  redis.cmd("ZADD", "c3:ended:failed", ms_from_now(-60), other_id);
  redis.cmd("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  got = run({"doctor"});
  BOOST_TEST(got.code == 1, got.text);
  for (auto* part :
       {"no work flows\n", "PROBLEM  no worker is alive; 1 job waits (csm 1)",
        "1 waiting job has passed the deadline",
        "GPU g1 (media:fast) is nobody's since 2 min",
        "1 webhook waits, the first is overdue since 1 min",
        "1 webhook was given up, the latest with: HTTP 503",
        "1 job has failed within the last hour, the latest with: no voice",
        "1 webhook does not get through, the first with: HTTP 503",
        "maxmemory-policy is allkeys-lru", "likely cause: ", "what to do: "})
    BOOST_TEST(contains(got.text, part), part << " is not in " << got.text);
  got = run({"--json", "doctor"});
  BOOST_TEST(got.code == 1);
  auto doc = parsed(got.text);
  BOOST_TEST(doc["findings"].Size() == 8u, got.text);
}

BOOST_AUTO_TEST_CASE(a_worker_that_lives_makes_the_doctor_content) {
  redis.cmd("ZADD", "c3:workers", ms_from_now(60), "w1");
  redis.cmd("HSET", "c3:worker:w1", "seen_at", ago(1), "draining", "0");
  put_gpu("g1", "ready", ago(3600), 25);
  auto got = run({"doctor"});
  BOOST_TEST(got.code == 0, got.text);
  BOOST_TEST(contains(got.text, "nothing to do; a job that comes"), got.text);
}

BOOST_AUTO_TEST_SUITE_END()
