// c3ctl jobs, retry, trace, pause and resume against a real redis-server.
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

struct ended_world : ctl_world {
  void put_ended(const std::string& job_id, const std::string& status,
                 const std::string& type, int ms_ago) {
    put_job(job_id, {"status", status, "type", type, "worker", "w1",
                     "started_at", "1700000005", "finished_at", "1700000008"});
    auto now = redis.cmd("TIME");
    auto at = std::to_string(std::stoll(now.elements[0].text) * 1000 - ms_ago);
    for (auto key :
         {std::string{"c3:ended"}, "c3:ended:" + status, "c3:ended:" + type})
      redis.cmd_list({"ZADD", key, at, job_id});
  }

  std::vector<std::string> ids(std::vector<std::string> args) {
    args.insert(args.begin(), {"--json", "jobs"});
    auto doc = parsed(run(args).text);
    std::vector<std::string> out;
    for (auto& x : doc["jobs"].GetArray())
      out.emplace_back(x["id"].GetString());
    return out;
  }
};

using names = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(ctl_ended, ended_world)

BOOST_AUTO_TEST_CASE(jobs_are_found_by_what_they_are) {
  BOOST_TEST(contains(run({"jobs"}).text, "no such job"));
  put_ended("a", "success", "csm", 1'000);
  put_ended("b", "failed", "csm", 60'000);
  put_ended("c", "failed", "whisper", 7'200'000);
  redis.cmd("ZADD", "c3:ended", "1", "deleted");
  put_job("r", {"status", "running", "locked_by", "w2"});
  redis.cmd("ZADD", "c3:leases", "9000000000000", "r");
  put_job("q");
  redis.cmd("RPUSH", "queue:jobs", "q");
  BOOST_TEST(ids({}) == (names{"a", "b", "c", "deleted"}));
  BOOST_TEST(ids({"--status", "failed"}) == (names{"b", "c"}));
  BOOST_TEST(ids({"--status", "failed", "--type", "csm"}) == names{"b"});
  BOOST_TEST(ids({"--type", "csm"}) == (names{"a", "b"}));
  BOOST_TEST(ids({"--since", "1h"}) == (names{"a", "b"}));
  BOOST_TEST(ids({"--worker", "w1", "--limit", "1"}) == names{"a"});
  BOOST_TEST(ids({"--worker", "w9"}).empty());
  BOOST_TEST(ids({"--running"}) == names{"r"});
  BOOST_TEST(ids({"--running", "--worker", "w2"}) == names{"r"});
  BOOST_TEST(ids({"--waiting"}) == names{"q"});
  BOOST_TEST(ids({"--waiting", "--type", "whisper"}).empty());
  BOOST_TEST(contains(run({"jobs"}).text, "3 s"));
  for (auto& wrong : std::vector<names>{{"jobs", "--since", "yesterday"},
                                        {"jobs", "--running", "--waiting"},
                                        {"jobs", "--status", "done"}})
    BOOST_TEST(run(wrong).code == 2);
}

BOOST_AUTO_TEST_CASE(a_job_is_run_again_as_a_new_one) {
  put_job(id, {"status", "failed", "error", "no", "complete_by", "1700000600",
               "max_time", "60", "data", R"({"text":"Hi."})", "attempt", "3",
               "fence", "7"});
  auto got = run({"retry", id, "--json"});
  BOOST_REQUIRE_MESSAGE(got.code == 0, got.text);
  auto doc = parsed(got.text);
  auto made = json::string_or_empty(doc, "id");
  BOOST_TEST(made != id);
  auto x = record_of(made);
  BOOST_TEST(x["retry_of"] == id);
  BOOST_TEST(x["status"] == "queued");
  BOOST_TEST(x["type"] == "csm");
  BOOST_TEST(x["data"] == R"({"text":"Hi."})");
  BOOST_TEST(x["max_time"] == "60");
  BOOST_TEST(is_about_now(std::stod(x["created_at"])));
  BOOST_TEST(is_about_now(std::stod(x["complete_by"]) - 600));
  BOOST_TEST(!x.contains("fence"));
  BOOST_TEST(!x.contains("error"));
  BOOST_TEST(redis.cmd("LINDEX", "queue:jobs", "0").text == made);
  BOOST_TEST(record_of(id)["status"] == "failed");
  for (auto status : {"queued", "running"}) {
    put_job(other_id, {"status", status});
    auto refused = run({"retry", other_id});
    BOOST_TEST(refused.code == 1);
    BOOST_TEST(contains(refused.text, "has not ended"), refused.text);
  }
  BOOST_TEST(run({"retry", "nobody"}).code == 1);
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 1);
}

BOOST_AUTO_TEST_CASE(a_job_is_told_from_its_events) {
  put_job(id, {"status", "running", "started_at", "1700000005", "stages",
               "1700000006.000 fetch"});
  for (auto i = 0; i < 1'200; ++i)
    redis.cmd("XADD", "c3:events", "*", "what", "job_claimed", "job",
              i % 600 == 500 ? id : "x", "n", std::to_string(i));
  auto doc = parsed(run({"trace", id, "--json"}).text);
  std::string words;
  for (auto& x : doc["events"].GetArray())
    words += std::string{x["what"].GetString()} + " ";
  BOOST_TEST(words == "job_queued stage job_claimed job_claimed ");
  BOOST_TEST(contains(run({"trace", id}).text, "fetch"));
  BOOST_TEST(run({"trace", other_id}).code == 1);
}

BOOST_AUTO_TEST_CASE(launches_are_paused_once_and_resumed) {
  auto paused = run({"pause", "--reason", "too dear", "--by", "ann"});
  BOOST_TEST(paused.code == 0);
  BOOST_TEST(contains(paused.text, "are paused"), paused.text);
  BOOST_TEST(redis.field("c3:paused", "by") == "ann");
  BOOST_TEST(redis.field("c3:paused", "why") == "too dear");
  BOOST_TEST(is_about_now(std::stod(redis.field("c3:paused", "since"))));
  BOOST_TEST(contains(run({"workers"}).text, "paused by ann: too dear"));
  BOOST_TEST(contains(run({"workers", "--json"}).text, "\"why\":\"too dear\""));
  BOOST_TEST(contains(run({"pause", "--by", "bob"}).text, "already"));
  BOOST_TEST(redis.field("c3:paused", "by") == "ann");
  BOOST_TEST(run({"resume"}).code == 0);
  BOOST_TEST(redis.cmd("EXISTS", "c3:paused").integer == 0);
  BOOST_TEST(contains(run({"resume"}).text, "not paused"));
  BOOST_TEST(redis.cmd("XLEN", "c3:events").integer == 2);
}

BOOST_AUTO_TEST_CASE(a_worker_and_its_gpus_are_told_to_go) {
  redis.cmd_list({"HSET", "c3:worker:w1", "incarnation", "17"});
  redis.cmd_list({"HSET", "c3:gpu:e1", "owner", "w1", "state", "ready"});
  BOOST_TEST(run({"drain", "w1"}).code == 0);
  BOOST_TEST(redis.field("c3:wishes:w1", "drain").starts_with("17 "));
  BOOST_TEST(run({"drain", "w9"}).code == 1);
  BOOST_TEST(contains(run({"gpus", "--drain", "e1"}).text, "takes no more"));
  BOOST_TEST(redis.field("c3:wishes:w1", "gpu:e1").starts_with("drain "));
  auto told = run({"gpus", "--stop", "e1", "--json"});
  BOOST_TEST(told.text == "{\"worker\":\"w1\"}\n");
  BOOST_TEST(redis.field("c3:wishes:w1", "gpu:e1").starts_with("stop "));
  BOOST_TEST(contains(run({"gpus", "--stop", "e9"}).text, "no GPU e9"));
  BOOST_TEST(run({"gpus", "--stop", "e1", "--drain", "e1"}).code == 2);
}

BOOST_AUTO_TEST_SUITE_END()
