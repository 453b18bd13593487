// Bad input fails one job with a clear error. It never takes the process, the
// GPU or another job with it.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::harness;

BOOST_AUTO_TEST_SUITE(promise_7_bad_input)

BOOST_AUTO_TEST_CASE(garbage_in_the_queue_harms_nobody) {
  fleet_scenario s;
  s.given_a_warm_worker();
  auto put = [&](const std::string& id, std::vector<std::string> fields) {
    fields.insert(fields.begin(), {"HSET", "job:" + id});
    s.world->redis.run(fields);
    s.world->redis.run({"RPUSH", "queue:jobs", id});
  };
  put("bad-type", {"type", "dance", "status", "queued", "data", "{}"});
  put("bad-json", {"type", "csm", "status", "queued", "data", "{\"mono"});
  put("bad-value", {"type", "csm", "status", "queued", "data",
                    R"({"text":"hello","temperature":9})"});
  s.world->redis.run({"RPUSH", "queue:jobs", "no-record"});
  s.world->redis.run({"SET", "job:no-hash", "x"});
  s.world->redis.run({"RPUSH", "queue:jobs", "no-hash"});
  auto good = s.when_a_job_is_pushed("csm", 1);
  auto took = s.until([&] {
    return s.status(good) == "success";
  });
  BOOST_TEST(took > 0);
  BOOST_TEST(took < 5);
  s.after(30);
  auto field = [&](const std::string& id, const std::string& name) {
    return std::string{s.world->redis.server().field("job:" + id, name)};
  };
  for (auto* id : {"bad-type", "bad-json", "bad-value", "no-record"})
    BOOST_TEST(field(id, "status") == "failed", id);
  BOOST_TEST(field("bad-value", "error").find("temperature")
             != std::string::npos);
  BOOST_TEST(!s.world->redis.server().find("queue:jobs"));
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_CASE(an_input_that_is_not_there_fails_its_job_alone) {
  fleet_scenario s;
  s.given_a_warm_worker();
  s.world->web.serve(sim_places::inputs_host, [](const exchange_ptr& x) {
    x->respond(std::chrono::milliseconds{10}, 404, "text/html", "no");
  });
  auto bad = s.when_a_job_is_pushed("whisper", 1);
  auto good = s.when_a_job_is_pushed("csm", 1);
  s.until([&] {
    return s.status(good) == "success";
  });
  BOOST_TEST(s.status(bad) == "failed");
  BOOST_TEST(
    s.field(bad, "error")
      .starts_with(
        "Error processing Whisper job: Failed to download audio from URL: "
        "audio_url: "));
  s.after(1);
  BOOST_TEST(s.deliveries(bad) == 1u);
  BOOST_TEST(s.world->cloud.launches() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
