// c3ctl why, queue and spend against a real redis-server.
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

struct why_world : ctl_world {
  static std::string now_plus(int seconds) {
    return std::to_string(std::time(nullptr) + seconds);
  }

  void push(const std::string& job_id) {
    put_job(job_id, {"complete_by", now_plus(3600)});
    redis.cmd("RPUSH", "queue:jobs", job_id);
  }

  /// A worker with one GPU for csm that boots since 20 s.
  void worker_says(const std::string& reason) {
    redis.cmd("ZADD", "c3:workers", now_plus(60) + "000", "w1");
    redis.cmd("HSET", "c3:worker:w1", "seen_at", now_plus(0), "outlook",
              R"({"room":0,"plans":false,"away":false,"types":[{"type":)"
              R"("media:fast","slots":1,"gpus":1,"free":0,"boots":[-20],)"
              R"("runs":[],"boot":[9,45,65],"csm":[9,10,20],"reason":")"
                + reason
                + R"(","until":0,"since":0,"count":1,"attempt":0,)"
                  R"("words":""}]})");
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ctl_why, why_world)

BOOST_AUTO_TEST_CASE(a_job_waits_for_a_worker_first) {
  BOOST_TEST(run({"why", id}).code == 1);
  push(id);
  auto got = run({"why", id});
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.text
             == "place 1 in the queue; waits: no worker that is alive serves "
                "its type\n");
  // It has written of itself before the job came.
  worker_says("no_job_waits");
  got = run({"why", id});
  BOOST_TEST(contains(got.text, "no worker has written yet"), got.text);
  BOOST_TEST(!contains(got.text, "risk"), got.text);
}

BOOST_AUTO_TEST_CASE(a_reason_comes_with_a_time) {
  push(id);
  push(other_id);
  worker_says("gpus_boot");
  auto first = run({"why", id});
  BOOST_TEST(contains(first.text, "place 1 in the queue; waits for a GPU of "
                                  "media:fast: 1 GPU(s) boot here; begins in "),
             first.text);
  auto doc = parsed(run({"--json", "why", other_id}).text);
  auto& waits = doc["waits"];
  BOOST_TEST(waits["place"].GetInt() == 2);
  BOOST_TEST(std::string{waits["reason"].GetString()} == "gpus_boot");
  BOOST_TEST(waits["deadline_at_risk"].GetBool() == false);
  auto low = waits["begins_in_s"][0].GetDouble();
  auto high = waits["begins_in_s"][1].GetDouble();
  BOOST_TEST(low > 0);
  BOOST_TEST(high > low);
  BOOST_TEST(high < 300);
  BOOST_TEST(contains(run({"queue"}).text, "1 GPU(s) boot here"));
  redis.cmd("HSET", std::string{"job:"} + id, "complete_by", now_plus(2));
  BOOST_TEST(contains(run({"why", id}).text, "its deadline is at risk"));
}

BOOST_AUTO_TEST_CASE(of_a_job_that_ended_the_end_is_shown) {
  put_job(id, {"status", "success"});
  BOOST_TEST(run({"why", id}).text == "has ended: success\n");
  put_job(other_id, {"status", "failed", "error", "no voice"});
  BOOST_TEST(run({"why", other_id}).text == "has ended: failed: no voice\n");
}

BOOST_AUTO_TEST_CASE(spend_sums_up_hours_and_days) {
  BOOST_TEST(run({"spend"}).text == "nothing was spent\n");
  auto hour = std::to_string(std::time(nullptr) / 3600);
  redis.cmd("HSET", "c3:spend:" + hour, "ms:media:fast", "1800000",
            "usd:media:fast", "600000", "usd", "600000", "reserved", "250000");
  auto text = run({"spend"}).text;
  for (auto* part : {"media:fast", "0.500", "0.600000", "0.250000"})
    BOOST_TEST(contains(text, part), text);
  auto doc = parsed(run({"--json", "spend"}).text);
  BOOST_REQUIRE(doc.IsObject());
  BOOST_TEST(
    contains(run({"--json", "spend", "--days", "1"}).text, "\"gpu_s\":1800"));
}

BOOST_AUTO_TEST_SUITE_END()
