// The fleet's routes of the HTTP service against a real redis-server.
#include "app/web/fleet_api.hpp"
#include "messages/outlook.hpp"
#include "messages/provider_list.hpp"
#include "messages/text/json.hpp"
#include "tests/integration/fleet_world.hpp"

#include <algorithm>

using namespace render;
using namespace render::web;

namespace {

struct api_world : fleet_world {
  web::role may = web::role::operate;

  /// By a service of its own, so that no answer is an earlier one.
  response ask(const std::string& method, const std::string& pattern,
               request x = {}) {
    return ask_of(fleet_routes(), method, pattern, std::move(x));
  }

  response ask_of(const std::vector<route>& all, const std::string& method,
                  const std::string& pattern, request x = {}) {
    auto at = std::find_if(all.begin(), all.end(), [&](auto& y) {
      return y.method == method && y.pattern == pattern;
    });
    BOOST_REQUIRE(at != all.end());
    x.method = method;
    x.who = {"op", may};
    return at->answer(x, db);
  }

  json::document get(const std::string& pattern,
                     std::map<std::string, std::string> query = {}) {
    request x;
    x.query = std::move(query);
    auto got = ask("GET", pattern, x);
    BOOST_REQUIRE_MESSAGE(got.status == 200, got.body);
    auto doc = json::parse(got.body);
    BOOST_REQUIRE_MESSAGE(doc, got.body);
    return std::move(*doc);
  }

  response post(const std::string& pattern, const std::string& body,
                const std::string& id = "") {
    request x;
    x.body = body;
    x.vars["id"] = id;
    return ask("POST", pattern, x);
  }

  /// The fields that were wrong.
  std::string wrong(const response& x) {
    BOOST_TEST(x.status == 400u);
    auto doc = json::parse(x.body);
    BOOST_REQUIRE(doc);
    std::string out;
    if (doc->HasMember("errors"))
      for (auto& one : (*doc)["errors"].GetArray())
        out += std::string{one["field"].GetString()} + " ";
    return out;
  }

  std::string ago(double s) {
    return std::to_string(now_s() - s);
  }

  void put_worker(const std::string& id,
                  const std::vector<std::string>& more = {}) {
    put("c3:worker:" + id,
        {"seen_at",    ago(1),     "started_at", ago(100),   "version",
         "1.2.3",      "host",     "h",          "slots",    "2",
         "free_slots", "1",        "jobs",       "1",        "gpus_ready",
         "1",          "draining", "0",          "settings", "MAX_GPUS=4"});
    if (!more.empty())
      put("c3:worker:" + id, more);
    server.cmd_list({"ZADD", "c3:workers", "9000000000000", id});
  }

  void put_gpu(const std::string& id, const std::string& state,
               std::vector<std::string> more = {}) {
    more.insert(more.end(), {"type", "media:fast", "state", state, "owner", "w",
                             "launched_at", ago(600), "workload", "wl-" + id});
    put("c3:gpu:" + id, more);
    auto end = static_cast<int64_t>((now_s() + 25) * 1000);
    server.cmd_list({"ZADD", "c3:gpus", std::to_string(end), id});
  }
};

bool about(double x, double y) {
  return std::abs(x - y) < 5;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(fleet_api, api_world)

BOOST_AUTO_TEST_CASE(an_empty_fleet_has_no_worker) {
  auto x = get("/v1/fleet");
  BOOST_TEST(x["state"].GetString() == "no_worker");
  BOOST_TEST(about(x["now"].GetDouble(), now_s()));
  BOOST_TEST(x["waiting"]["total"].GetInt() == 0);
  BOOST_TEST(x["running_jobs"].Empty());
  BOOST_TEST(x["samples"]["waiting"].Size() == 288u);
  BOOST_TEST(x["samples"]["waiting"][0].IsNull());
  BOOST_TEST(!x.HasMember("usd_per_hour"));
  BOOST_TEST(x["attention"].Size() == 1u);
  BOOST_TEST(x["attention"][0]["what"].GetString() == "no_worker");
  BOOST_TEST(get("/v1/workers")["workers"].Empty());
  BOOST_TEST(get("/v1/gpus")["gpus"].Empty());
  BOOST_TEST(get("/v1/gpus/gantt")["rows"].Empty());
  BOOST_TEST(get("/v1/webhooks")["dead"].Empty());
  BOOST_TEST(get("/v1/usage")["days"].Size() == 7u);
}

BOOST_AUTO_TEST_CASE(the_fleet_is_told_in_one_answer) {
  put_worker("w");
  put_gpu("g1", "ready", {"paid_rate", "1200000"});
  put_gpu("g2", "running", {"paid_rate", "1200000"});
  put_waiting("a", {"created_at", ago(30)});
  put_waiting("b", {"type", "whisper", "created_at", ago(10)});
  put_running("r", ago(60), {"gpu", "g1", "worker", "w", "progress", "0.5"});
  server.cmd_list({"XADD", "c3:samples", "*", "waiting", "4", "running", "2",
                   "gpus", "4", "idle_share", "0.25"});
  auto hour = std::to_string(static_cast<int64_t>(now_s() / 3600));
  put("c3:spend:" + hour, {"ms:media:fast", "3600000", "usd", "500000"});
  auto x = get("/v1/fleet");
  BOOST_TEST(x["waiting"]["csm"].GetInt() == 1);
  BOOST_TEST(x["waiting"]["whisper"].GetInt() == 1);
  BOOST_TEST(x["waiting"]["total"].GetInt() == 2);
  BOOST_TEST(x["running"].GetInt() == 1);
  BOOST_TEST(about(x["oldest_wait"].GetDouble(), 30));
  BOOST_TEST(x["workers"].GetInt() == 1);
  BOOST_TEST(x["slots"].GetInt() == 2);
  BOOST_TEST(x["free_slots"].GetInt() == 1);
  BOOST_TEST(x["gpus"]["ready"].GetInt() == 1);
  BOOST_TEST(x["gpus"]["booting"].GetInt() == 1);
  BOOST_TEST(x["usd_per_hour"].GetDouble() == 2.4);
  BOOST_TEST(x["usd_today"].GetDouble() >= 0.5);
  BOOST_TEST(x["gpu_hours_today"].GetDouble() >= 1);
  BOOST_TEST(x["idle_share"].GetDouble() == 0.25);
  BOOST_REQUIRE(x["running_jobs"].Size() == 1u);
  BOOST_TEST(x["running_jobs"][0]["id"].GetString() == "r");
  BOOST_TEST(x["running_jobs"][0]["progress"].GetDouble() == 0.5);
  BOOST_REQUIRE(x["waits"].Size() == 2u);
  BOOST_TEST(x["waits"][0]["type"].GetString() == "csm");
  auto& curve = x["samples"]["waiting"];
  BOOST_TEST(curve[curve.Size() - 1].GetDouble() == 4);
  // g2 boots for longer than five minutes.
  BOOST_TEST(x["attention"][0]["what"].GetString() == "boot_slow");
  BOOST_TEST(x["attention"][0]["gpu"].GetString() == "g2");
  BOOST_TEST(x["state"].GetString() == "attention");
}

BOOST_AUTO_TEST_CASE(a_job_that_comes_too_late_needs_attention) {
  outlook said;
  outlook::type type;
  type.facts.type = workload_type{"media:fast"};
  type.facts.gpus = 1;
  type.facts.runs_left_s = {500};
  type.facts.boot = {9, 60, 90};
  type.kinds = {job_kind::csm};
  said.types = {type};
  put_worker("w", {"outlook", outlook_json(said)});
  put_waiting("late", {"complete_by", ago(-100), "created_at", ago(9)});
  put_waiting("early", {"complete_by", ago(-9'000), "created_at", ago(9)});
  auto x = get("/v1/fleet");
  BOOST_REQUIRE_MESSAGE(x["attention"].Size() == 1u,
                        json::to_text(x["attention"])
                          + json::to_text(x["waits"]));
  auto& it = x["attention"][0];
  BOOST_TEST(it["what"].GetString() == "deadline_at_risk");
  BOOST_TEST(it["job"].GetString() == "late");
  BOOST_TEST(it["severity"].GetString() == "warning");
  BOOST_TEST(x["waits"][0]["count"].GetInt() == 2);
  BOOST_TEST(x["waits"][0]["begins_in"].Size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_the_provider_lists_is_told_beside_the_ledger) {
  BOOST_TEST(!get("/v1/gpus").HasMember("provider"));
  provider_list list;
  list.at_s = now_s() - 12;
  list.types = {{workload_type{"media:fast"}, 3}};
  list.unknown = {{workload_id{"wl-g1"}, workload_type{"media:fast"}, 5, 6},
                  {workload_id{"foreign"}, workload_type{"media:fast"}, 5, 6}};
  put_worker("w", {"provider", provider_list_json(list)});
  // One that has not asked yet, and an older one.
  put_worker("v", {"provider", ""});
  put_worker("u");
  put_gpu("g1", "ready");
  may = web::role::view;
  auto x = get("/v1/gpus");
  auto& told = x["provider"];
  BOOST_TEST(about(told["at"].GetDouble(), now_s() - 12));
  BOOST_TEST(told["gpus"].GetInt() == 3);
  BOOST_REQUIRE(told["unknown"].Size() == 1u);
  BOOST_TEST(told["unknown"][0]["workload"].GetString() == "foreign");
  BOOST_TEST(!told["unknown"][0]["young"].GetBool());
  auto fleet = get("/v1/fleet");
  BOOST_REQUIRE(fleet["attention"].Size() == 1u);
  BOOST_TEST(fleet["attention"][0]["what"].GetString() == "gpu_unknown");
  BOOST_TEST(fleet["state"].GetString() == "attention");
}

BOOST_AUTO_TEST_CASE(what_quotes_errors_is_for_operators) {
  put_worker("w", {"error", "HTTP 500 from http://10.0.0.1/x", "error_at",
                   ago(5), "unfit", "disk", "unfit_text", "/var is full"});
  auto& of_operator = get("/v1/workers")["workers"][0];
  BOOST_TEST(of_operator["settings"].GetString() == "MAX_GPUS=4");
  BOOST_TEST(of_operator.HasMember("error"));
  BOOST_TEST(get("/v1/fleet")["attention"].Size() == 2u);
  may = web::role::view;
  auto& of_viewer = get("/v1/workers")["workers"][0];
  BOOST_TEST(of_viewer["id"].GetString() == "w");
  for (auto* name : {"settings", "error", "unfit_text"})
    BOOST_TEST(!of_viewer.HasMember(name));
  request x;
  auto told = ask("GET", "/v1/fleet", x).body;
  BOOST_TEST(told.find("10.0.0.1") == std::string::npos, told);
  BOOST_TEST(told.find("/var") == std::string::npos, told);
  BOOST_TEST(told.find("worker_unfit") != std::string::npos, told);
}

BOOST_AUTO_TEST_CASE(gpus_are_told_with_their_jobs) {
  put_gpu("g1", "ready", {"paid_rate", "600000", "node", "n1"});
  put_gpu("g2", "weird");
  put_running("r", ago(60), {"gpu", "g1"});
  server.cmd_list({"LPUSH", "c3:gpus:closed",
                   R"({"id":"old","type":"t","launched_at":10,"stopped_at":90,
                       "seconds":80,"boot_s":20,"busy_s":30,"idle_s":20,
                       "drain_s":10,"reason":"idle","worker":"w"})",
                   "junk"});
  auto x = get("/v1/gpus");
  BOOST_REQUIRE(x["gpus"].Size() == 2u);
  auto& g = x["gpus"][0];
  BOOST_TEST(g["id"].GetString() == "g1");
  BOOST_TEST(g["state"].GetString() == "ready");
  BOOST_TEST(about(g["age"].GetDouble(), 600));
  BOOST_TEST(std::abs(g["usd"].GetDouble() - 0.1) < 0.01);
  BOOST_TEST(about(g["lease_left"].GetDouble(), 25));
  BOOST_TEST(g["jobs"][0].GetString() == "r");
  BOOST_TEST(x["gpus"][1]["state"].GetString() == "intent");
  BOOST_REQUIRE(x["closed"].Size() == 1u);
  BOOST_TEST(x["closed"][0]["busy_s"].GetDouble() == 30);
  BOOST_TEST(get("/v1/gpus", {{"closed", "0"}})["closed"].Empty());
  for (auto bad : {"-1", "1001", "x", "1.5", "1e2x"}) {
    request q;
    q.query["closed"] = bad;
    BOOST_TEST(wrong(ask("GET", "/v1/gpus", q)) == "closed ");
  }
}

BOOST_AUTO_TEST_CASE(the_gantt_has_what_each_gpu_did) {
  auto tell = [&](double s, std::vector<std::string> words) {
    auto ms = static_cast<int64_t>((now_s() - s) * 1000);
    words.insert(words.begin(),
                 {"XADD", "c3:events", std::to_string(ms) + "-*", "what"});
    server.cmd_list(words);
  };
  tell(9'000, {"job_claimed", "job", "long"});
  tell(500, {"gpu_ready", "gpu", "g1"});
  tell(400, {"job_claimed", "job", "a", "type", "csm"});
  tell(300,
       {"job_ended", "job", "a", "gpu", "g1", "attempt", "1", "type", "csm"});
  put_gpu("g1", "ready");
  put_running("r", ago(100), {"gpu", "g1", "attempt", "1"});
  auto x = get("/v1/gpus/gantt", {{"seconds", "3600"}});
  BOOST_REQUIRE(x["rows"].Size() == 1u);
  std::string kinds;
  for (auto& one : x["rows"][0]["segments"].GetArray())
    kinds += std::string{one["kind"].GetString()} + " ";
  BOOST_TEST(kinds == "boot idle job idle job ");
  BOOST_TEST(x["rows"][0]["segments"][4]["job"].GetString() == "r");
  BOOST_TEST(about(x["to"].GetDouble() - x["from"].GetDouble(), 3'600));
  // The stream does not reach back to the job's end.
  server.cmd_list({"DEL", "c3:events"});
  put_ended("a", "success", "csm", now_s() - 300,
            {"attempt_1", R"({"gpu":"g1","began":)" + ago(400)
                            + ",\"ended\":" + ago(300) + "}"});
  x = get("/v1/gpus/gantt");
  kinds.clear();
  for (auto& one : x["rows"][0]["segments"].GetArray())
    kinds += std::string{one["kind"].GetString()} + " ";
  BOOST_TEST(kinds == "idle job idle job ");
  request q;
  q.query["seconds"] = "59";
  BOOST_TEST(wrong(ask("GET", "/v1/gpus/gantt", q)) == "seconds ");
}

BOOST_AUTO_TEST_CASE(webhooks_are_told_without_their_urls) {
  for (auto id : {"p", "d"})
    put(std::string{"c3:outbox:"} + id,
        {"id", std::string{"msg_"} + id, "url",
         "https://user:pw@hook.example:8443/secret?token=1", "attempts", "3",
         "created_ms", "1700000000500", "error", "HTTP 500"});
  server.cmd_list({"ZADD", "c3:outbox", "1700000009000", "p"});
  server.cmd_list({"ZADD", "c3:webhooks:dead", "1700000010000", "d"});
  auto text = ask("GET", "/v1/webhooks").body;
  BOOST_TEST(text.find("secret") == std::string::npos);
  BOOST_TEST(text.find("pw") == std::string::npos);
  auto x = get("/v1/webhooks");
  auto& p = x["pending"][0];
  BOOST_TEST(p["job"].GetString() == "p");
  BOOST_TEST(p["host"].GetString() == "hook.example:8443");
  BOOST_TEST(p["tries"].GetInt() == 3);
  BOOST_TEST(p["next_at"].GetDouble() == 1'700'000'009);
  BOOST_TEST(p["created_at"].GetDouble() == 1'700'000'000.5);
  BOOST_TEST(x["dead"][0]["state"].GetString() == "dead");
  BOOST_TEST(post("/v1/webhooks/{id}/replay", "", "p").status == 404u);
  BOOST_TEST(post("/v1/webhooks/{id}/replay", "", "d").status == 200u);
  BOOST_TEST(get("/v1/webhooks")["dead"].Empty());
  BOOST_TEST(get("/v1/webhooks")["pending"].Size() == 2u);
}

BOOST_AUTO_TEST_CASE(spend_is_told_by_day) {
  auto hour = static_cast<int64_t>(now_s() / 3600);
  put(
    "c3:spend:" + std::to_string(hour),
    {"ms:media:fast", "1800000", "usd:media:fast", "600000", "usd", "600000"});
  auto x = get("/v1/usage", {{"days", "2"}});
  BOOST_REQUIRE(x["days"].Size() == 2u);
  auto& today = x["days"][1];
  BOOST_TEST(today["gpu_hours"].GetDouble() == 0.5);
  BOOST_TEST(today["usd"].GetDouble() == 0.6);
  BOOST_TEST(today["types"]["media:fast"]["gpu_hours"].GetDouble() == 0.5);
  BOOST_TEST(x["days"][0]["gpu_hours"].GetDouble() == 0);
}

BOOST_AUTO_TEST_CASE(the_fleet_is_paused_and_resumed) {
  put_worker("w");
  BOOST_TEST(post("/v1/fleet/pause", R"({"why":"the bill"})").status == 200u);
  auto x = get("/v1/fleet");
  BOOST_TEST(x["state"].GetString() == "paused");
  BOOST_TEST(x["paused"]["by"].GetString() == "op");
  BOOST_TEST(x["paused"]["why"].GetString() == "the bill");
  BOOST_TEST(post("/v1/fleet/resume", "").status == 200u);
  BOOST_TEST(get("/v1/fleet")["state"].GetString() == "ok");
  BOOST_TEST(wrong(post("/v1/fleet/pause", R"({"wy":1})")) == "wy ");
  BOOST_TEST(wrong(post("/v1/fleet/pause", R"({"why":1})")) == "why ");
  BOOST_TEST(wrong(post("/v1/fleet/pause", "[]")) == "");
}

BOOST_AUTO_TEST_CASE(workers_and_gpus_are_told_what_is_wished) {
  put_worker("w", {"incarnation", "17"});
  put_gpu("g1", "ready");
  put_gpu("g2", "stopping");
  BOOST_TEST(post("/v1/workers/{id}/drain", "", "w").status == 200u);
  BOOST_TEST(post("/v1/gpus/{id}/drain", "", "g1").status == 200u);
  auto wishes = db.hash("c3:wishes:w").value();
  BOOST_TEST(wishes["drain"] == "17 op");
  BOOST_TEST(wishes["gpu:g1"] == "drain op");
  BOOST_TEST(post("/v1/gpus/{id}/stop", "", "g1").status == 200u);
  BOOST_TEST(db.hash("c3:wishes:w").value()["gpu:g1"] == "stop op");
  BOOST_TEST(post("/v1/gpus/{id}/stop", "", "g2").status == 409u);
  BOOST_TEST(post("/v1/gpus/{id}/stop", "", "g9").status == 404u);
  BOOST_TEST(post("/v1/workers/{id}/drain", "", "w9").status == 404u);
}

BOOST_AUTO_TEST_CASE(pages_share_one_picture_of_the_fleet) {
  auto routes = fleet_routes();
  auto picture = [&] {
    return ask_of(routes, "GET", "/v1/fleet").body;
  };
  auto first = picture();
  put_waiting("a");
  BOOST_TEST(picture() == first);
  // Whoever changes something sees it at once.
  ask_of(routes, "POST", "/v1/fleet/pause");
  BOOST_TEST(picture() != first);
  put_waiting("b");
  BOOST_TEST(harness::wait_until([&] {
    return picture().find(R"("total":2)") != std::string::npos;
  }));
}

BOOST_AUTO_TEST_CASE(jobs_are_changed_in_bulk) {
  put_waiting("a");
  put_waiting("b", {"type", "whisper"});
  auto got
    = post("/v1/jobs/bulk",
           R"({"action":"cancel","filter":{"type":"csm"},"dry_run":true})");
  BOOST_TEST(got.body == R"({"matched":1})");
  BOOST_TEST(job("a")["status"] == "queued");
  got = post("/v1/jobs/bulk", R"({"action":"cancel","filter":{"type":"csm"}})");
  BOOST_TEST(got.body == R"({"matched":1,"done":1,"failed":0,"new_ids":[]})");
  BOOST_TEST(job("a")["status"] == "cancelled");
  BOOST_TEST(job("b")["status"] == "queued");
  got = post("/v1/jobs/bulk",
             R"({"action":"retry","filter":{"ids":["a","b"]},"limit":5})");
  auto doc = json::parse(got.body);
  BOOST_REQUIRE(doc);
  BOOST_TEST((*doc)["new_ids"].Size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_wrong_bulk_request_changes_nothing) {
  put_waiting("a");
  for (auto& [body, fields] : std::vector<std::pair<const char*, const char*>>{
         {"", "action filter "},
         {R"({"action":"drop","filter":{}})", "action "},
         {R"({"action":"cancel"})", "filter "},
         {R"({"action":"cancel","filter":{"typ":"csm"}})", "filter.typ "},
         {R"({"action":"cancel","filter":{"type":"x"}})", "filter.type "},
         {R"({"action":"cancel","filter":{"status":""}})", "filter.status "},
         {R"({"action":"cancel","filter":{"from":"x","to":-1}})",
          "filter.from filter.to "},
         {R"({"action":"cancel","filter":{"ids":[]}})", "filter.ids "},
         {R"({"action":"cancel","filter":{"ids":[7]}})", "filter.ids "},
         {R"({"action":"cancel","filter":{"ids":["a"],"q":"x"}})", "filter.q "},
         {R"({"action":"cancel","filter":{},"dry_run":1})", "dry_run "},
         {R"({"action":"cancel","filter":{},"limit":0})", "limit "},
         {R"({"action":"cancel","filter":{},"all":true})", "all "}})
    BOOST_TEST(wrong(post("/v1/jobs/bulk", body)) == fields, body);
  BOOST_TEST(post("/v1/jobs/bulk", "{").status == 400u);
  BOOST_TEST(job("a")["status"] == "queued");
}

BOOST_AUTO_TEST_CASE(without_redis_it_is_503) {
  server.kill();
  for (auto& x : fleet_routes()) {
    request q;
    q.vars["id"] = "a";
    q.body = R"({"action":"cancel","filter":{}})";
    if (x.pattern == "/v1/fleet/pause")
      q.body.clear();
    BOOST_TEST(x.answer(q, db).status == 503u, x.pattern);
  }
}

BOOST_AUTO_TEST_SUITE_END()
