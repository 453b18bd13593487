// c3ctl as a person and a script use it, against a real redis-server.
#include "actors/webhook/signature.hpp"
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

namespace {

constexpr auto secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

} // namespace

BOOST_FIXTURE_TEST_SUITE(ctl, ctl_world)

BOOST_AUTO_TEST_CASE(every_command_has_help_with_an_example) {
  for (auto& args :
       std::vector<std::vector<std::string>>{{},
                                             {"submit"},
                                             {"submit", "csm"},
                                             {"submit", "whisper"},
                                             {"submit", "portrait"},
                                             {"submit", "analyze"},
                                             {"status"},
                                             {"result"},
                                             {"cancel"},
                                             {"queue"},
                                             {"jobs"},
                                             {"retry"},
                                             {"trace"},
                                             {"pause"},
                                             {"resume"},
                                             {"watch"},
                                             {"listen"}}) {
    auto with_help = args;
    with_help.push_back("--help");
    auto got = run(with_help);
    BOOST_TEST(got.code == 0);
    BOOST_TEST(contains(got.text, "Example"), got.text);
    BOOST_TEST(contains(got.text, "  c3ctl "), got.text);
  }
}

BOOST_AUTO_TEST_CASE(wrong_options_are_one_clear_line_and_exit_2) {
  struct example {
    std::vector<std::string> args;
    std::string names;
  };
  for (auto& x : std::vector<example>{
         {{}, "subcommand"},
         {{"frobnicate"}, "frobnicate"},
         {{"queue", "--frob"}, "--frob"},
         {{"status"}, "ID"},
         {{"--redis", "db:x", "queue"}, "--redis: got \"db:x\""},
         {{"submit", "csm", "--text", "Hi", "--temperature", "9"},
          "--temperature: got 9, accepted is a number from 0 to 2"},
         {{"submit", "csm", "--text", "Hi", "--topk", "x"}, "topk: got \"x\""},
         {{"submit", "csm", "--text", "Hi", "--id", "ABC"}, "--id"},
         {{"submit", "csm", "--text", "Hi", "--output", "f"}, "--wait"},
         {{"submit", "csm", "--text", "Hi", "--wait", "--output", "/no/f"},
          "--output: /no/f is in no folder that exists"},
         {{"qeue"}, "did you mean queue?"},
         {{"submit", "csm", "--text", "Hi", "--complete-by", "60"}, "+60"},
         {{"submit", "csm", "--text", "Hi", "--notify-url", "x"},
          "--notify-url: got"},
         {{"submit", "whisper", "--audio", "ftp://h/x"}, "--audio: got"},
         {{"submit", "whisper", "--audio", "/etc/passwd"}, "C3_FILES_URL"},
         {{"submit", "whisper", "--audio", "/nofile", "--wait"}, "/nofile"},
         {{"cancel", id, "--status", "done"}, "--status"},
         {{"listen", "--listen", "nowhere:x"}, "--listen"},
         {{"listen", "--secret", "%%"}, "--secret"}}) {
    auto got = run(x.args);
    BOOST_TEST(got.code == 2, got.text);
    BOOST_TEST(got.text.starts_with("c3ctl: "), got.text);
    BOOST_TEST(contains(got.text, x.names), got.text);
    BOOST_TEST(std::count(got.text.begin(), got.text.end(), '\n') == 1,
               got.text);
  }
  BOOST_TEST(redis.cmd("DBSIZE").integer == 0);
}

BOOST_AUTO_TEST_CASE(a_redis_that_does_not_answer_is_exit_1) {
  auto got = run({"queue", "--redis", "127.0.0.1:1"});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "Redis 127.0.0.1:1: "), got.text);
}

BOOST_AUTO_TEST_CASE(settings_come_from_a_file_and_the_environment_wins) {
  write_file(".env", "REDIS_HOST=127.0.0.1\nREDIS_PORT=1\n");
  BOOST_TEST(run({"queue"}).code == 0);
  env.clear();
  BOOST_TEST(contains(run({"queue"}).text, "Redis 127.0.0.1:1: "));
  // A meaningless line is skipped, as python-dotenv does.
  write_file(".env", "what is this\nREDIS_PORT=1\n");
  BOOST_TEST(contains(run({"queue"}).text, ":1: "));
}

BOOST_AUTO_TEST_CASE(status_shows_the_record) {
  put_job(id, {"status", "running", "stage", "render", "progress", "0.25"});
  auto text = run({"status", id});
  BOOST_TEST(text.code == 0);
  BOOST_TEST(contains(text.text, "status        running\n"), text.text);
  BOOST_TEST(contains(text.text, "2023-11-14 22:13:20 UTC"), text.text);
  auto doc = parsed(run({"--json", "status", id}).text);
  BOOST_TEST(json::number(doc, "created_at").value_or(0) == 1700000000);
  BOOST_TEST(json::number(doc, "progress").value_or(0) == 0.25);
  BOOST_TEST(json::string_or_empty(doc, "stage") == "render");
  auto missing = run({"status", other_id});
  BOOST_TEST(missing.code == 1);
  BOOST_TEST(contains(missing.text, other_id), missing.text);
}

BOOST_AUTO_TEST_CASE(result_prints_text_and_saves_it) {
  put_job(id, {"status", "success", "result", "Two\nlines."});
  auto got = run({"result", id});
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.text == "Two\nlines.\n");
  auto doc = parsed(run({"result", id, "--json"}).text);
  BOOST_TEST(json::string_or_empty(doc, "result") == "Two\nlines.");
  BOOST_TEST(run({"result", id, "--output", "out.txt"}).code == 0);
  BOOST_TEST(read_file(folder.path("out.txt")) == "Two\nlines.");
}

BOOST_AUTO_TEST_CASE(result_prints_a_url_and_fetches_what_it_names) {
  auto file = write_file("made.mp3", "sound");
  put_job(id, {"status", "success", "result_url", "file://" + file});
  BOOST_TEST(run({"result", id}).text == "file://" + file + "\n");
  BOOST_TEST(run({"result", id, "--output", "copy.mp3"}).code == 0);
  BOOST_TEST(read_file(folder.path("copy.mp3")) == "sound");
  harness::http_server storage;
  storage.routes().Get("/b/made.mp4", [](const httplib::Request& request,
                                         httplib::Response& response) {
    response.status = request.has_param("X-Amz-Signature") ? 200 : 403;
    response.body = "video";
  });
  storage.start();
  std::filesystem::create_directory(folder.path("in"));
  put_job(id, {"status", "success", "result_url",
               storage.url("/b/made.mp4?X-Amz-Signature=abc")});
  BOOST_TEST(run({"result", id, "--output", "in"}).code == 0);
  BOOST_TEST(read_file(folder.path("in/made.mp4")) == "video");
}

BOOST_AUTO_TEST_CASE(a_result_that_cannot_be_fetched_leaves_no_file) {
  harness::http_server storage;
  storage.start();
  put_job(id, {"status", "success", "result_url",
               storage.url("/gone.mp4?X-Amz-Signature=abc")});
  auto got = run({"result", id, "--output", "v.mp4"});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "HTTP 404"), got.text);
  BOOST_TEST(!contains(got.text, "abc"), got.text);
  put_job(id, {"status", "success", "result_url", "file:///nowhere/v.mp4"});
  got = run({"result", id, "--output", "v.mp4"});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "OUTPUT_DIR"), got.text);
  BOOST_TEST(!std::filesystem::exists(folder.path("v.mp4")));
  BOOST_TEST(!std::filesystem::exists(folder.path("v.mp4.part")));
}

BOOST_AUTO_TEST_CASE(a_job_that_has_not_ended_or_failed_has_no_result) {
  put_job(id, {"status", "running"});
  auto got = run({"result", id});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "has not ended: running"), got.text);
  put_job(id, {"status", "failed", "error", "no voice"});
  got = run({"result", id});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "failed: no voice"), got.text);
}

BOOST_AUTO_TEST_CASE(cancel_writes_what_a_front_end_writes) {
  for (auto* status : {"queued", "running"}) {
    redis.cmd("FLUSHALL");
    put_job(id, {"status", status});
    redis.cmd("RPUSH", "queue:jobs", id, other_id, id);
    auto got = run({"cancel", id, "--reason", "Changed my mind"});
    BOOST_TEST(got.code == 0, got.text);
    BOOST_TEST(field("status") == "cancelled");
    BOOST_TEST(field("error") == "Changed my mind");
    BOOST_TEST(is_about_now(std::stod(field("updated_at"))));
    auto queue = redis.cmd("LRANGE", "queue:jobs", "0", "-1");
    BOOST_REQUIRE(queue.elements.size() == 1u);
    BOOST_TEST(queue.elements[0].text == other_id);
  }
}

BOOST_AUTO_TEST_CASE(cancel_spares_a_job_that_has_ended) {
  put_job(id, {"status", "success", "result", "text"});
  auto got = run({"cancel", id});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "has ended already: success"), got.text);
  BOOST_TEST(field("status") == "success");
  BOOST_TEST(run({"cancel", other_id}).code == 1);
  BOOST_TEST(redis.cmd("EXISTS", "job:" + std::string{other_id}).integer == 0);
}

BOOST_AUTO_TEST_CASE(queue_shows_position_type_age_and_holder) {
  BOOST_TEST(run({"queue"}).text == "nothing waits\n");
  put_job(id, {"created_at", std::to_string(std::time(nullptr) - 7200)});
  put_job(other_id, {"type", "whisper", "locked_by", "w-alive"});
  redis.cmd("SET", "job:" + std::string{other_id} + ":lock", "w-alive");
  redis.cmd("RPUSH", "queue:jobs", id, other_id, "no-record");
  auto text = run({"queue"}).text;
  BOOST_TEST(contains(text, "1  " + std::string{id} + "  csm         2 h"),
             text);
  BOOST_TEST(contains(text, "w-alive"), text);
  BOOST_TEST(!contains(text, "dead"), text);
  BOOST_TEST(contains(text, "no record"), text);
  redis.cmd("DEL", "job:" + std::string{other_id} + ":lock");
  auto doc = parsed(run({"queue", "--json", "--limit", "2"}).text);
  BOOST_TEST(json::integer(doc, "length").value_or(0) == 3);
  auto* jobs = json::find(doc, "jobs");
  BOOST_REQUIRE(jobs && jobs->IsArray() && jobs->Size() == 2u);
  auto& second = (*jobs)[1];
  BOOST_TEST(json::integer(second, "position").value_or(0) == 2);
  BOOST_TEST(json::string_or_empty(second, "type") == "whisper");
  BOOST_TEST(contains(json::string_or_empty(second, "held_by"), "dead lock"));
  BOOST_TEST(json::integer((*jobs)[0], "age_s").value_or(0) >= 7200);
}

BOOST_AUTO_TEST_CASE(watch_prints_a_line_for_each_change) {
  put_job(id);
  redis.cmd("RPUSH", "queue:jobs", id);
  auto child = start({"watch", "--interval", "0.05"});
  auto key = "job:" + std::string{id};
  auto shows = [&](const std::string& text) {
    return harness::wait_until([&] {
      return contains(child->output(), text + "\n");
    });
  };
  redis.cmd("HSET", key, "status", "running", "stage", "upload", "progress",
            "0.1");
  redis.cmd("SET", key + ":lock", "w");
  BOOST_TEST(shows(id + std::string{"  csm  running 10 % upload"}));
  redis.cmd("LREM", "queue:jobs", "0", id);
  redis.cmd("HSET", key, "progress", "0.9");
  BOOST_TEST(shows(id + std::string{"  csm  running 90 % upload"}));
  redis.cmd("HDEL", key, "stage");
  redis.cmd("HSET", key, "status", "success");
  redis.cmd("DEL", key + ":lock");
  BOOST_TEST(shows(id + std::string{"  csm  success"}));
  child->send(SIGINT);
  BOOST_TEST(child->wait_for_exit(5s).value_or(-1) == 0);
  auto text = child->output();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 3, text);
}

BOOST_AUTO_TEST_CASE(watch_once_shows_bars_and_ends) {
  put_job(id, {"status", "running", "progress", "0.5", "stage", "render"});
  redis.cmd("SET", "job:" + std::string{id} + ":lock", "w");
  redis.cmd("RPUSH", "queue:jobs", other_id);
  auto got = run({"watch", "--once"});
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.text
             == "1 running, 1 queued\n" + std::string{id}
                  + "  csm       [##########----------]  50 %  render\n");
  auto doc = parsed(run({"watch", "--once", "--json"}).text);
  BOOST_TEST(json::string_or_empty(doc, "id") == id);
}

BOOST_AUTO_TEST_CASE(listen_prints_each_try_and_can_fail_the_first) {
  auto child
    = start({"listen", "--env-file", folder.path("hook.env"), "--fail", "1"});
  auto url = receiver_url();
  BOOST_TEST(post(url, R"({"id":"7"})") == 500);
  BOOST_TEST(post(url, R"({"id":"7"})", {{"webhook-id", "msg_7"}}) == 200);
  BOOST_TEST(post(url, "no JSON") == 200);
  child->send(SIGTERM);
  BOOST_TEST(child->wait_for_exit(10s).value_or(-1) == 0);
  std::vector<json::document> lines;
  std::istringstream text{child->output()};
  for (std::string line; std::getline(text, line);)
    if (line.starts_with('{'))
      lines.push_back(parsed(line));
  BOOST_REQUIRE(lines.size() == 3u);
  BOOST_TEST(json::integer(lines[0], "answered").value_or(0) == 500);
  BOOST_TEST(json::integer(lines[1], "answered").value_or(0) == 200);
  BOOST_TEST(json::string_or_empty(lines[1], "webhook_id") == "msg_7");
  BOOST_TEST(json::string_or_empty(lines[1], "path") == "/hook");
  BOOST_TEST(json::string_or_empty(*json::find(lines[1], "body"), "id") == "7");
  BOOST_TEST(json::string_or_empty(lines[2], "body") == "no JSON");
}

BOOST_AUTO_TEST_CASE(listen_refuses_what_is_not_signed_with_the_secret) {
  auto child = start(
    {"listen", "--env-file", folder.path("hook.env"), "--secret", secret});
  auto url = receiver_url();
  auto now = std::time(nullptr);
  auto signature = webhook_sender::sign(*webhook_sender::parse_secrets(secret),
                                        "msg_7", now, "{}");
  httplib::Headers headers{{"webhook-id", "msg_7"},
                           {"webhook-timestamp", std::to_string(now)},
                           {"webhook-signature", signature}};
  BOOST_TEST(post(url, "{}", headers) == 200);
  BOOST_TEST(post(url, "[]", headers) == 401);
  BOOST_TEST(post(url, "{}") == 401);
  BOOST_TEST(contains(child->output(), R"("signature":"valid")"));
  BOOST_TEST(contains(child->output(), R"("signature":"wrong signature")"));
  BOOST_TEST(contains(child->output(), R"("signature":"not signed")"));
}

BOOST_AUTO_TEST_CASE(listen_does_not_share_a_port) {
  harness::http_server taken;
  taken.start();
  auto got
    = run({"listen", "--listen", "127.0.0.1:" + std::to_string(taken.port())});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "cannot listen on"), got.text);
}

BOOST_AUTO_TEST_SUITE_END()
