// One job of each kind, through the real programs: the results are real sound,
// video and text.
#include "messages/provider_list.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

namespace {

struct fixture : harness::small_world {
  fixture() : small_world({"--boot-time", "200ms"}) {
    start_worker();
  }

  ~fixture() {
    if (!boost::unit_test::results_collector
           .results(boost::unit_test::framework::current_test_case().p_id)
           .passed())
      BOOST_TEST_MESSAGE(logs());
  }

  std::string with_hook(const std::string& fields) {
    return "{" + fields + R"(,"notify_url":")" + receiver.url() + "\"}";
  }

  /// Submits a job, waits for its end, and demands success with one webhook.
  std::string run(const std::string& type, const std::string& fields) {
    auto id = submit(type, with_hook(fields));
    BOOST_TEST(wait_for_end(id) == "success", job_field(id, "error"));
    BOOST_TEST(harness::wait_until([&] {
      return !receiver.about(id).empty();
    }));
    return id;
  }

  std::string result_path(const std::string& id) {
    auto url = job_field(id, "result_url");
    BOOST_TEST(url.starts_with("file:///"));
    return url.substr(7);
  }

  // Prints one line, such as the duration in seconds.
  std::string ffprobe(const std::string& entries, const std::string& path) {
    auto log = folder.path("ffprobe.log");
    std::filesystem::remove(log);
    harness::process probe{{"/usr/bin/ffprobe", "-v", "error", "-show_entries",
                            entries, "-of", "csv=p=0", path},
                           {},
                           log};
    BOOST_TEST(probe.wait_for_exit(10s).value_or(-1) == 0);
    auto text = probe.output();
    return text.substr(0, text.find('\n'));
  }

  std::string picture() {
    auto path = folder.path("picture.png");
    harness::process ffmpeg{{"/usr/bin/ffmpeg", "-v", "error", "-f", "lavfi",
                             "-i", "testsrc=size=640x480", "-frames:v", "1",
                             path},
                            {},
                            folder.path("ffmpeg.log")};
    BOOST_TEST(ffmpeg.wait_for_exit(20s).value_or(-1) == 0);
    std::ifstream in{path, std::ios::binary};
    std::stringstream bytes;
    bytes << in.rdbuf();
    return publish("picture.png", bytes.str());
  }

  std::string speech() {
    auto id = run("csm", R"("text":"The weather is good today.")");
    std::ifstream in{result_path(id), std::ios::binary};
    std::stringstream bytes;
    bytes << in.rdbuf();
    return publish("speech.mp3", bytes.str());
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(end_to_end, fixture)

BOOST_AUTO_TEST_CASE(csm_speaks_the_monologue_and_tells_the_caller_once) {
  auto id = run("csm", R"("monologue":["Hello there.","How are you?"])");
  BOOST_TEST(ffprobe("stream=codec_name", result_path(id)).starts_with("mp3"));
  BOOST_TEST(std::stod(ffprobe("format=duration", result_path(id))) > 1.0);
  auto hooks = receiver.about(id);
  BOOST_REQUIRE_EQUAL(hooks.size(), 1u);
  auto body = std::move(*json::parse(hooks[0]));
  BOOST_TEST(json::string_or_empty(body, "id") == id);
  BOOST_TEST(json::string_or_empty(body, "status") == "success");
  BOOST_TEST(json::string_or_empty(body, "result_url")
             == job_field(id, "result_url"));
  BOOST_TEST(body.MemberCount() == 3u);
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 0);
  BOOST_TEST(redis.cmd("EXISTS", "job:" + id + ":lock").integer == 0);
}

BOOST_AUTO_TEST_CASE(whisper_writes_down_what_was_said) {
  auto id = run("whisper", R"("audio_url":")" + speech() + "\"");
  auto text = job_field(id, "result");
  BOOST_TEST(text.find("weather") != std::string::npos, text);
  auto body = std::move(*json::parse(receiver.about(id).at(0)));
  BOOST_TEST(json::string_or_empty(body, "text") == text);
}

BOOST_AUTO_TEST_CASE(portrait_has_the_length_of_the_audio_and_the_right_size) {
  auto audio = speech();
  auto id = run("portrait", R"("image_url":")" + picture()
                              + R"(","audio_url":")" + audio + "\"");
  auto path = result_path(id);
  BOOST_TEST(path.ends_with(id + ".mp4"));
  // 640x480 scaled by min(1280/640, 720/480).
  BOOST_TEST(ffprobe("stream=width,height", path).starts_with("960,720"));
  auto length = std::stod(ffprobe("format=duration", path));
  BOOST_TEST(length > 0.8);
  BOOST_TEST(length < 5.0);
}

BOOST_AUTO_TEST_CASE(analyze_runs_on_a_gpu_of_another_type) {
  auto id = run("analyze", R"("image_url":")" + picture() + "\"");
  auto text = job_field(id, "result");
  BOOST_TEST(text.find("640") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_warm_gpu_serves_the_next_job_without_a_launch) {
  run("csm", R"("text":"One.")");
  run("csm", R"("text":"Two.")");
  auto launches = json::integer(ledger(), "launches");
  BOOST_TEST(launches.value_or(-1) == 1);
}

BOOST_AUTO_TEST_CASE(
  a_cancelled_job_stops_within_a_second_and_stays_cancelled) {
  fault(R"({"fault":"slow","arg":"csm=20s"})");
  auto id = submit("csm", with_hook(R"("text":"Never said.")"));
  BOOST_REQUIRE(wait_for_status(id, "running"));
  redis.cmd("HSET", "job:" + id, "status", "cancelled", "error", "by user");
  redis.cmd("LREM", "queue:jobs", "0", id);
  // The lock is gone, so the slot is free again.
  BOOST_TEST(harness::wait_until(
    [&] {
      return worker().output().find("cancelled") != std::string::npos;
    },
    3s));
  BOOST_TEST(job_field(id, "status") == "cancelled");
  BOOST_TEST(job_field(id, "error") == "by user");
  BOOST_TEST(receiver.about(id).empty());
}

BOOST_AUTO_TEST_CASE(a_gpu_that_no_worker_has_rented_is_told_by_heartbeats) {
  BOOST_TEST(stop_worker() == 0);
  auto client = cloud_client();
  auto rented = client.Post("/api/v0/launch",
                            {{"X-C3-API-KEY", worker_env().at("C3_API_KEY")}},
                            R"({"type":"media:fast","expires":)"
                              + std::to_string(std::time(nullptr) + 600) + "}",
                            "application/json");
  BOOST_REQUIRE((rented && rented->status == 200));
  auto workload = json::string_or_empty(*json::parse(rented->body), "workload");
  start_worker({{"WORKER_ID", "looks"}});
  std::optional<provider_list> told;
  harness::wait_until(
    [&] {
      told = read_provider_list(redis.field("c3:worker:looks", "provider"));
      return told.has_value();
    },
    20s);
  BOOST_REQUIRE(told.has_value());
  BOOST_TEST(told->types[workload_type{"media:fast"}] == 1u);
  BOOST_REQUIRE(told->unknown.size() == 1u);
  BOOST_TEST(told->unknown.front().workload == workload_id{workload});
  BOOST_TEST(told->lost.empty());
}

BOOST_AUTO_TEST_CASE(sigterm_while_idle_stops_the_gpu_and_exits_with_0) {
  run("csm", R"("text":"One.")");
  BOOST_TEST(stop_worker() == 0);
  auto doc = ledger();
  BOOST_TEST(json::integer(doc, "running").value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(sigterm_puts_back_what_does_not_end_in_the_drain_time) {
  BOOST_REQUIRE(stop_worker() == 0);
  start_worker({{"DRAIN_TIME", "0.3"}});
  fault(R"({"fault":"slow","arg":"csm=30s"})");
  auto id = submit("csm", with_hook(R"("text":"Later.")"));
  BOOST_REQUIRE(wait_for_status(id, "running"));
  BOOST_TEST(stop_worker() == 0);
  BOOST_TEST(job_field(id, "status") == "queued");
  BOOST_TEST(job_field(id, "locked_by").empty());
  BOOST_TEST(redis.cmd("LRANGE", "queue:jobs", "0", "-1").elements.at(0).text
             == id);
  BOOST_TEST(json::integer(ledger(), "running").value_or(-1) == 0);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_fails_twice_gets_the_webhook_in_the_end) {
  receiver.fail_next(2);
  auto id = submit("csm", with_hook(R"("text":"One.")"));
  BOOST_TEST(wait_for_end(id) == "success");
  BOOST_TEST(harness::wait_until(
    [&] {
      return receiver.about(id).size() == 3;
    },
    15s));
}

BOOST_AUTO_TEST_SUITE_END()
