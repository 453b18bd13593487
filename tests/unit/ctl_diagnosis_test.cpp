// What `c3ctl doctor` makes of what it sees.
#include "app/ctl/diagnosis_text.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace render::ctl;
using namespace render::records;

namespace {

constexpr double now_s = 1'700'000'000;

worker_view worker(record fields = {}) {
  fields.insert({{"seen_at", "1699999998"}, {"draining", "0"}});
  return {"w1", std::move(fields), now_s};
}

/// One worker that works, and nothing else.
fleet_sight calm() {
  fleet_sight out;
  out.workers.push_back(worker());
  return out;
}

open_gpu gpu(const std::string& state, double age_s, double lease_left_s = 25) {
  return {"g1",
          {{"type", "media:fast"}, {"state", state}, {"owner", "w1"}},
          lease_left_s,
          age_s,
          age_s};
}

/// The one finding, or a message that says how many there are.
finding only(const fleet_sight& x) {
  auto got = diagnose(x);
  BOOST_REQUIRE_MESSAGE(got.findings.size() == 1, diagnosis_text(got));
  return got.findings.front();
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void must_say(const fleet_sight& x, weight how, const std::string& what,
              const std::string& cause, const std::string& advice) {
  auto got = only(x);
  BOOST_TEST((got.how == how), got.what);
  BOOST_TEST(says(got.what, what), got.what);
  BOOST_TEST(says(got.cause, cause), got.cause);
  BOOST_TEST(says(got.advice, advice), got.advice);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_diagnosis)

BOOST_AUTO_TEST_CASE(has_nothing_to_say_of_a_fleet_that_is_well) {
  auto x = calm();
  auto got = diagnose(x);
  BOOST_TEST(got.findings.empty(), diagnosis_text(got));
  BOOST_TEST(got.well());
  BOOST_TEST(got.verdict == "nothing to do; a job that comes would be taken");
  x.waiting["csm"] = {3, 20, 0};
  x.running = 2;
  x.gpus = {gpu("ready", 7'200), gpu("running", 60), gpu("intent", 3)};
  got = diagnose(x);
  BOOST_TEST(got.findings.empty(), diagnosis_text(got));
  BOOST_TEST(got.verdict == "work flows");
  x.running = 0;
  BOOST_TEST(diagnose(x).verdict == "no job runs yet, 3 wait");
}

BOOST_AUTO_TEST_CASE(says_that_no_worker_is_alive) {
  fleet_sight x;
  must_say(x, weight::warning, "no worker is alive", "no worker runs",
           "start a worker");
  BOOST_TEST(diagnose(x).verdict == "no work could flow");
  x.waiting["csm"] = {2, 720, 0};
  x.waiting["whisper"] = {1, 3, 0};
  must_say(x, weight::problem,
           "no worker is alive; 3 jobs wait (csm 2, whisper 1), the oldest "
           "for 12 min",
           "no worker runs", "start a worker");
  BOOST_TEST(diagnose(x).verdict == "no work flows");
}

BOOST_AUTO_TEST_CASE(says_why_workers_claim_nothing) {
  fleet_sight x;
  x.workers.push_back(
    worker({{"unfit", "disk"}, {"unfit_text", "12 MB free"}}));
  must_say(x, weight::problem, "worker w1 is unfit: disk", "12 MB free",
           "mend that");
  x.workers.front() = worker({{"draining", "1"}});
  must_say(x, weight::warning, "worker w1 drains", "told to stop", "nothing");
  x.waiting["csm"] = {1, 5, 0};
  auto got = diagnose(x);
  BOOST_TEST(got.verdict == "no work flows");
  BOOST_TEST(got.findings.front().what
             == "no worker claims jobs; 1 job waits (csm 1), the oldest for "
                "5 s");
}

BOOST_AUTO_TEST_CASE(does_not_take_a_silent_worker_for_a_broken_one) {
  fleet_sight x;
  x.workers.push_back({"old", {}, now_s});
  x.waiting["csm"] = {1, 5, 0};
  BOOST_TEST(diagnose(x).findings.empty());
}

BOOST_AUTO_TEST_CASE(names_the_likely_cause_of_an_error) {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"launch media:fast: HTTP 401: no, attempt 1 of 5, given up", "API key"},
    {"launch media:fast: HTTP 403: Invalid API key, given up", "revoked"},
    {"launch media:fast: HTTP 402: Payment Required", "no money"},
    {"launch media:fsat: HTTP 400: Unknown workload type 'media:fsat'",
     "misspelt"},
    {"launch media:fast: HTTP 503 (text/html), attempt 3 of 5, next in 30 s",
     "no GPU of this type free"},
    {"Redis has lost writes that it had confirmed", "emptied"},
    {"OOM command not allowed when used memory > 'maxmemory'", "full"},
    {"gpu 1: could not confirm the stop of workload w", "refuses"},
    {"POST https://s3.example: connection refused", "down"}};
  for (auto& [text, cause] : cases) {
    auto x = calm();
    x.workers.front() = worker({{"error", text}, {"error_at", "1699999940"}});
    must_say(x, weight::problem, text, cause, "");
    // What was ten minutes ago is not what is wrong now.
    x.workers.front().fields["error_at"] = "1699999000";
    BOOST_TEST(diagnose(x).findings.empty(), text);
  }
  auto x = calm();
  x.workers.front() = worker({{"error", "odd"}, {"error_at", "1699999940"}});
  must_say(x, weight::warning, "latest error, 1 min ago", "odd",
           "operations.md");
}

BOOST_AUTO_TEST_CASE(says_what_holds_launches_back) {
  auto held = [](const std::string& reason, const std::string& text) {
    auto x = calm();
    x.workers.front()
      = worker({{"launches", R"({"media:fast":{"reason":")" + reason
                               + R"(","text":")" + text
                               + R"(","jobs":2,"until":0},)"
                                 R"("other":{"reason":")"
                               + reason + R"(","text":"","jobs":0}})"}});
    // Another worker says the same.
    x.workers.push_back(x.workers.front());
    x.waiting["csm"] = {2, 700, 0};
    return x;
  };
  auto first = [](const fleet_sight& x) {
    return diagnose(x).findings.front();
  };
  auto got = first(held("provider_refuses", "HTTP 503, launch in 9 s"));
  BOOST_TEST(got.what
             == "no GPU of media:fast for 2 jobs: HTTP 503, launch in 9 s");
  BOOST_TEST(says(got.cause, "no GPU of this type free"), got.cause);
  got = first(held("provider_refuses", "odd"));
  BOOST_TEST(says(got.cause, "GPUs fail"), got.cause);
  got = first(held("budget", "the limit of this hour"));
  BOOST_TEST(says(got.cause, "MAX_SPEND_PER_HOUR"), got.cause);
  auto x = held("max_gpus", "all of MAX_GPUS (2) are rented");
  BOOST_TEST(diagnose(x).findings.size() == 2u);
  BOOST_TEST(says(first(x).advice, "raise MAX_GPUS"));
  x.waiting["csm"].oldest_s = 30;
  BOOST_TEST(diagnose(x).findings.empty());
  BOOST_TEST(diagnose(held("jitter", "")).well());
}

BOOST_AUTO_TEST_CASE(says_that_launches_are_paused) {
  auto x = calm();
  x.pause = {{"since", "1699999000"}, {"by", "ann"}, {"why", "bill"}};
  must_say(x, weight::problem, "launches are paused by ann: bill", "paused",
           "c3ctl resume");
}

BOOST_AUTO_TEST_CASE(does_not_take_a_worker_that_starts_for_an_unfit_one) {
  fleet_sight x;
  x.workers.push_back(worker({{"unfit", "start"}}));
  x.waiting["csm"] = {1, 5, 0};
  BOOST_TEST(diagnose(x).findings.empty());
}

BOOST_AUTO_TEST_CASE(looks_at_the_queue) {
  auto x = calm();
  x.waiting["csm"] = {4, 601, 0};
  must_say(x, weight::warning, "the oldest for 10 min", "busy", "c3ctl gpus");
  x.waiting["csm"].expired = 1;
  must_say(x, weight::problem, "1 waiting job has passed the deadline",
           "too slow", "MAX_GPUS");
  x.not_looked_at = 100;
  x.waiting["csm"].expired = 0;
  BOOST_TEST(says(only(x).what, "104 jobs wait"));
}

BOOST_AUTO_TEST_CASE(looks_at_jobs_that_nobody_runs) {
  auto x = calm();
  x.running = 3;
  x.abandoned = 2;
  x.abandoned_s = 30;
  BOOST_TEST(diagnose(x).findings.empty());
  x.abandoned_s = 70;
  must_say(x, weight::problem, "2 running jobs are nobody's since 1 min 10 s",
           "no other one takes over", "lease");
}

BOOST_AUTO_TEST_CASE(looks_at_the_balance_that_was_asked_for_last) {
  auto x = calm();
  x.workers = {worker({{"balance", "0"}, {"balance_at", "1699999000"}}),
               worker({{"balance", "12.5"}, {"balance_at", "1699999900"}}),
               worker({{"balance", ""}, {"balance_at", "0"}})};
  BOOST_TEST(diagnose(x).findings.empty());
  auto left = latest_balance(x.workers);
  BOOST_REQUIRE(left);
  BOOST_TEST(balance_text(left->amount) == "12.5");
  BOOST_TEST(left->age_s == 100);
  x.workers[1].fields["balance"] = "-0.25";
  must_say(x, weight::problem, "balance is -0.25", "no money left", "top up");
  x.workers.erase(x.workers.begin(), x.workers.begin() + 2);
  BOOST_TEST(!latest_balance(x.workers));
  BOOST_TEST(diagnose(x).findings.empty());
}

BOOST_AUTO_TEST_CASE(looks_at_gpus) {
  auto x = calm();
  x.gpus = {gpu("running", 400)};
  must_say(x, weight::warning, "GPU g1 (media:fast) boots since 6 min 40 s",
           "slow machine", "GPU_BOOT_TIMEOUT");
  x.gpus = {gpu("intent", 130)};
  must_say(x, weight::warning, "is asked for since 2 min", "none free",
           "worker w1");
  x.gpus = {gpu("stopping", 9'000)};
  x.gpus[0].fields["workload"] = "w-7";
  BOOST_TEST(diagnose(x).findings.empty());
  x.gpus[0].stopping_s = 300;
  BOOST_TEST(diagnose(x).findings.empty());
  x.gpus[0].stopping_s = 301;
  must_say(x, weight::problem, "being stopped since 5 min", "does not answer",
           "workload w-7");
  x.gpus = {gpu("ready", 400, -61)};
  must_say(x, weight::problem, "nobody's since 1 min", "died", "ledger");
}

BOOST_AUTO_TEST_CASE(looks_at_webhooks) {
  auto x = calm();
  x.webhooks_waiting = 5;
  x.webhook_overdue_s = 30;
  BOOST_TEST(diagnose(x).findings.empty());
  x.webhook_overdue_s = 61;
  must_say(x, weight::problem, "5 webhooks wait, the first is overdue",
           "no worker delivers", "webhook");
  x = calm();
  x.webhooks_dead = 1;
  x.webhook_error = "HTTP 500";
  must_say(x, weight::warning,
           "1 webhook was given up, the latest with: HTTP 500", "receivers",
           "replay --all");
}

BOOST_AUTO_TEST_CASE(looks_at_what_failed_lately) {
  auto x = calm();
  x.failed_lately = 3;
  x.failed_error = "csm: CUDA out of memory";
  must_say(x, weight::warning,
           "3 jobs have failed within the last hour, the latest with: csm: "
           "CUDA out of memory",
           "error", "c3ctl trace");
  x = calm();
  x.webhooks_failing = 1;
  x.webhook_failure = "HTTP 500";
  must_say(x, weight::warning,
           "1 webhook does not get through, the first "
           "with: HTTP 500",
           "receiver", "webhooks list");
}

BOOST_AUTO_TEST_CASE(says_once_why_a_worker_is_unfit) {
  fleet_sight x;
  x.workers.push_back(worker({{"unfit", "disk"},
                              {"unfit_text", "full"},
                              {"error", "unfit (disk), claiming nothing"},
                              {"error_at", "1699999990"}}));
  must_say(x, weight::problem, "unfit: disk", "full", "mend");
}

BOOST_AUTO_TEST_CASE(looks_at_redis) {
  auto x = calm();
  x.store = {90, 100, "noeviction", "ok"};
  must_say(x, weight::problem, "90 % of its maxmemory", "refuses", "maxmemory");
  x.store = {89, 100, "allkeys-lru", "ok"};
  must_say(x, weight::problem, "allkeys-lru", "cache", "noeviction");
  x.store = {1, 0, "", "err"};
  must_say(x, weight::problem, "could not write to its disk", "full", "log");
  x.store = {};
  BOOST_TEST(diagnose(x).findings.empty());
}

BOOST_AUTO_TEST_CASE(shows_problems_first_for_people_and_scripts) {
  auto x = calm();
  x.gpus = {gpu("running", 400)};
  x.webhooks_waiting = 1;
  x.webhook_overdue_s = 100;
  x.running = 1;
  auto got = diagnose(x);
  BOOST_TEST(!got.well());
  BOOST_TEST(got.verdict == "work flows, with problems");
  auto text = diagnosis_text(got);
  BOOST_TEST(text.find("PROBLEM  1 webhook waits") < text.find("warning  GPU"),
             text);
  auto doc = json::parse(diagnosis_json(got));
  BOOST_REQUIRE(doc);
  BOOST_TEST(json::string_or_empty(*doc, "verdict") == got.verdict);
  BOOST_TEST((*doc)["well"].GetBool() == false);
  BOOST_TEST((*doc)["findings"].Size() == 2u);
}

BOOST_AUTO_TEST_CASE(shows_no_control_characters_of_others) {
  auto x = calm();
  x.workers.front() = worker({{"unfit", "disk"}, {"unfit_text", "a\x1b[2J"}});
  x.waiting["\x1b[31m"] = {1, 700, 0};
  BOOST_TEST(diagnosis_text(diagnose(x)).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
