// `c3ctl submit`: what it writes, and how it waits.
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(ctl_submit, ctl_world)

BOOST_AUTO_TEST_CASE(submit_writes_exactly_the_producers_record) {
  auto got = run({"submit",
                  "csm",
                  "--monologue",
                  "One.",
                  "--monologue",
                  "Say \"two\".",
                  "--voice",
                  "conversational_a",
                  "--temperature",
                  "0.5",
                  "--topk",
                  "20",
                  "--max-audio-length",
                  "5000",
                  "--pause-duration",
                  "300",
                  "--notify-url",
                  "http://127.0.0.1:1/hook",
                  "--max-time",
                  "60",
                  "--complete-by",
                  "+100"});
  BOOST_REQUIRE(got.code == 0);
  auto job_id = got.text.substr(0, got.text.size() - 1);
  auto queue = redis.cmd("LRANGE", "queue:jobs", "0", "-1");
  BOOST_REQUIRE(queue.elements.size() == 1u);
  BOOST_TEST(queue.elements[0].text == job_id);
  auto x = record_of(job_id);
  BOOST_TEST(x.size() == 7u);
  BOOST_TEST(x["id"] == job_id);
  BOOST_TEST(x["type"] == "csm");
  BOOST_TEST(x["status"] == "queued");
  BOOST_TEST(x["max_time"] == "60");
  BOOST_TEST(is_about_now(std::stod(x["created_at"])));
  // The two times come from two readings of the clock.
  auto until = std::stol(x["complete_by"]) - std::stol(x["created_at"]);
  BOOST_TEST((until == 99 || until == 100));
  BOOST_TEST(x["data"]
             == R"({"monologue":["One.","Say \"two\"."],)"
                R"("voice":"conversational_a","temperature":0.5,"topk":20,)"
                R"("max_audio_length":5000,"pause_duration":300,)"
                R"("notify_url":"http://127.0.0.1:1/hook"})");
  BOOST_TEST(redis.cmd("DBSIZE").integer == 2);
}

BOOST_AUTO_TEST_CASE(submit_takes_every_kind_and_an_id) {
  auto data_of = [&](std::vector<std::string> args) {
    redis.cmd("FLUSHALL");
    args.insert(args.begin(), "submit");
    args.insert(args.end(), {"--id", id, "--json"});
    auto got = run(args);
    BOOST_TEST(got.code == 0, got.text);
    BOOST_TEST(got.text == std::string{"{\"id\":\""} + id + "\"}\n");
    return field("data");
  };
  BOOST_TEST(data_of({"whisper", "--audio", "http://h/a.mp3", "--model", "tiny",
                      "--task", "translate", "--language", "de"})
             == R"({"audio_url":"http://h/a.mp3","model":"tiny",)"
                R"("task":"translate","language":"de"})");
  BOOST_TEST(
    data_of({"portrait", "--image", "http://h/i", "--audio", "https://h/a"})
    == R"({"image_url":"http://h/i","audio_url":"https://h/a"})");
  BOOST_TEST(data_of({"analyze", "--image", "http://h/i", "--prompt", "Who?"})
             == R"({"image_url":"http://h/i","prompt":"Who?"})");
  BOOST_TEST(
    data_of({"csm", "--text", "Hi", "--voice", "clone", "--reference-audio",
             "http://h/r", "--reference-text", "Me"})
    == R"({"text":"Hi","voice":"clone",)"
       R"("reference_audio_url":"http://h/r","reference_text":"Me"})");
}

BOOST_AUTO_TEST_CASE(an_id_that_is_taken_is_refused_and_left_alone) {
  put_job(id, {"status", "success"});
  auto got = run({"submit", "csm", "--text", "Hi", "--id", id});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(contains(got.text, "already"), got.text);
  BOOST_TEST(field("status") == "success");
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_local_input_is_served_while_submit_waits) {
  auto bytes = std::string{"RIFF\0\xff sound", 12};
  auto path = write_file("my sound.wav", bytes);
  auto child
    = start({"submit", "whisper", "--audio", path, "--id", id, "--wait"});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.cmd("LLEN", "queue:jobs").integer == 1;
  }));
  auto doc = parsed(field("data"));
  auto url = json::string_or_empty(doc, "audio_url");
  BOOST_TEST(url.ends_with("/my%20sound.wav"), url);
  auto slash = url.find('/', 7);
  httplib::Client client{url.substr(0, slash)};
  auto got = client.Get(url.substr(slash));
  BOOST_REQUIRE(got);
  BOOST_TEST(got->body == bytes);
  redis.cmd("HSET", "job:" + std::string{id}, "status", "running", "stage",
            "transcribe", "progress", "0.5");
  BOOST_TEST(harness::wait_until([&] {
    return contains(child->output(), "running 50 % transcribe");
  }));
  redis.cmd("HSET", "job:" + std::string{id}, "status", "success", "result",
            "What was said.");
  BOOST_TEST(child->wait_for_exit(10s).value_or(-1) == 0);
  BOOST_TEST(child->output().ends_with("What was said.\n"), child->output());
}

BOOST_AUTO_TEST_CASE(a_local_input_is_uploaded_where_files_are_taken) {
  harness::http_server shelf;
  std::string name;
  std::string bytes;
  shelf.routes().Post("/files", [&](const httplib::Request& request,
                                    httplib::Response& response) {
    name = request.get_param_value("name");
    bytes = request.body;
    response.set_content(R"({"url":"http://h/files/7"})", "application/json");
  });
  shelf.start();
  env["C3_FILES_URL"] = shelf.url("");
  auto path = write_file("a&b.png", "picture");
  auto got = run({"submit", "analyze", "--image", path, "--id", id});
  BOOST_TEST(got.code == 0, got.text);
  BOOST_TEST(name == "a&b.png");
  BOOST_TEST(bytes == "picture");
  BOOST_TEST(field("data") == R"({"image_url":"http://h/files/7"})");
}

BOOST_AUTO_TEST_CASE(an_interrupted_wait_leaves_the_job_and_says_so) {
  auto child = start({"submit", "csm", "--text", "Hi", "--id", id, "--wait"});
  BOOST_REQUIRE(harness::wait_until([&] {
    return contains(child->output(), "queued");
  }));
  child->send(SIGINT);
  BOOST_TEST(child->wait_for_exit(5s).value_or(-1) == 130);
  BOOST_TEST(
    contains(child->output(), "the job stays (queued, place 1; waits: "),
    child->output());
  BOOST_TEST(field("status") == "queued");
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 1);
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_job_that_fails_says_why_and_exits_with_1) {
  auto child = start({"submit", "csm", "--text", "Hi", "--id", id, "--wait"});
  BOOST_REQUIRE(harness::wait_until([&] {
    return redis.cmd("LLEN", "queue:jobs").integer == 1;
  }));
  redis.cmd("HSET", "job:" + std::string{id}, "status", "failed", "error",
            "no voice");
  BOOST_TEST(child->wait_for_exit(5s).value_or(-1) == 1);
  BOOST_TEST(contains(child->output(), "failed: no voice"), child->output());
}

BOOST_AUTO_TEST_SUITE_END()
