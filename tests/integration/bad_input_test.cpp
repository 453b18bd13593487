// A bad job fails with an error that tells the caller what to change, its
// webhook is sent, and the next job is served.
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

struct fixture : harness::small_world {
  fixture() : small_world({"--boot-time", "200ms"}) {
    start_worker();
  }

  std::string hook() {
    return R"("notify_url":")" + receiver.url() + "\"";
  }

  /// The error of a job that must fail, and whose caller must be told.
  std::string error_of(const std::string& type, const std::string& data,
                       env_map fields = {}) {
    auto id = submit(type, data, std::move(fields));
    BOOST_TEST(wait_for_end(id) == "failed", type << " " << data.substr(0, 80));
    if (data.find("notify_url") != std::string::npos)
      BOOST_TEST(harness::wait_until([&] {
        return receiver.about(id).size() == 1;
      }));
    return job_field(id, "error");
  }

  void check_next_job_is_served() {
    auto id = submit("csm", "{\"text\":\"Still here.\"}");
    BOOST_TEST(wait_for_end(id) == "success", job_field(id, "error") << logs());
  }

  int64_t launches() {
    return json::integer(ledger(), "launches").value_or(-1);
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_input, fixture)

BOOST_AUTO_TEST_CASE(wrong_records_fail_without_renting_a_gpu) {
  BOOST_TEST(contains(error_of("opera", "{" + hook() + "}"),
                      "accepted is one of csm, whisper, portrait, analyze"));
  BOOST_TEST(contains(error_of("csm", "{broken"), "not valid JSON"));
  BOOST_TEST(contains(error_of("csm", "{" + hook() + "}"), "monologue"));
  BOOST_TEST(
    contains(error_of("csm", R"({"text":"x","temperature":3,)" + hook() + "}"),
             "temperature: got 3, accepted is a number from 0 to 2"));
  BOOST_TEST(
    contains(error_of("whisper", R"({"audio_url":"ftp://x/y",)" + hook() + "}"),
             "audio_url: got \"ftp://x/y\", accepted is an http or https URL"));
  BOOST_TEST(contains(
    error_of("csm", "{\"text\":\"" + std::string(10u << 20, 'x') + "\"}"),
    "bytes, accepted is at most"));
  BOOST_TEST(error_of("csm", "{\"text\":\"late\"," + hook() + "}",
                      {{"complete_by", "1000"}})
             == "Job expired before processing could begin");
  auto missing = next_id();
  redis.cmd("RPUSH", "queue:jobs", missing);
  BOOST_TEST(harness::wait_until([&] {
    return job_field(missing, "status") == "failed";
  }));
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 0);
  BOOST_TEST(launches() == 0, logs());
  check_next_job_is_served();
}

// Once an absolute id replaced the path of the work folder, and that path was
// then removed with all that was in it.
BOOST_AUTO_TEST_CASE(an_id_that_is_a_path_fails_and_no_file_is_touched) {
  namespace fs = std::filesystem;
  fs::create_directories(folder.path("victim-1/precious"));
  fs::create_directories(folder.path("output/keep-1/precious"));
  std::vector<std::string> ids{
    folder.path("victim"), "../keep", folder.path("victim-1") + '\0',
    "a\n2026-01-01T00:00:00.000Z error   forged", std::string(300, 'x')};
  for (auto& id : ids) {
    redis.cmd("HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
              "data", "{\"text\":\"Hi.\"," + hook() + "}");
    redis.cmd("RPUSH", "queue:jobs", id);
  }
  for (auto& id : ids) {
    BOOST_TEST(wait_for_end(id) == "failed");
    BOOST_TEST(contains(job_field(id, "error"), "id: got \""));
  }
  BOOST_TEST(redis.cmd("LLEN", "queue:jobs").integer == 0);
  BOOST_TEST(fs::exists(folder.path("victim-1/precious")));
  BOOST_TEST(fs::exists(folder.path("output/keep-1/precious")));
  BOOST_TEST(launches() == 0);
  BOOST_TEST(contains(worker().output(), "a\\x0a2026"));
  BOOST_TEST(!contains(worker().output(), "\n2026-01-01"));
  check_next_job_is_served();
}

BOOST_AUTO_TEST_CASE(inputs_that_cannot_be_used_name_the_field) {
  auto fetch = [this](const std::string& url) {
    return error_of("analyze",
                    R"({"image_url":")" + url + "\"," + hook() + "}");
  };
  harness::http_server server;
  server.routes().Get("/missing", [](const auto&, httplib::Response& r) {
    r.status = 404;
  });
  server.routes().Get("/page", [](const auto&, httplib::Response& r) {
    r.set_content("<html><body>Please log in</body></html>", "text/html");
  });
  server.routes().Get("/empty", [](const auto&, httplib::Response& r) {
    r.set_content("", "image/png");
  });
  server.routes().Get("/text.png", [](const auto&, httplib::Response& r) {
    r.set_content("this is no picture at all", "image/png");
  });
  server.start();
  BOOST_TEST(contains(fetch(server.url("/missing")), "404"));
  BOOST_TEST(contains(fetch(server.url("/page")), "image_url"));
  BOOST_TEST(contains(fetch(server.url("/empty")), "empty"));
  BOOST_TEST(contains(fetch(server.url("/text.png")), "image_url"));
  BOOST_TEST(contains(fetch("http://127.0.0.1:1/nobody"), "image_url"));
  check_next_job_is_served();
}

BOOST_AUTO_TEST_CASE(an_endless_input_is_cut_at_its_limit) {
  BOOST_REQUIRE(stop_worker() == 0);
  start_worker({{"MAX_INPUT_BYTES", "1000000"}});
  harness::http_server server;
  server.routes().Get("/endless", [](const auto&, httplib::Response& r) {
    r.set_chunked_content_provider(
      "image/png", [](size_t, httplib::DataSink& sink) {
        std::string block(64 << 10, 'x');
        return sink.write(block.data(), block.size());
      });
  });
  server.start();
  auto error = error_of("analyze", R"({"image_url":")" + server.url("/endless")
                                     + "\"," + hook() + "}");
  BOOST_TEST(contains(error, "1000000"), error);
  check_next_job_is_served();
}

BOOST_AUTO_TEST_CASE(values_that_only_the_service_refuses_are_moved) {
  auto id = submit("csm", R"({"text":"Cold.","temperature":0,)"
                          R"("max_audio_length":1500,"pause_duration":5})");
  BOOST_TEST(wait_for_end(id) == "success", job_field(id, "error"));
  BOOST_TEST(contains(worker().output(), "temperature"));
}

BOOST_AUTO_TEST_SUITE_END()
