// The HTTP service with a real Redis, over real sockets.
#include "app/web/service.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "messages/text/json.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <mutex>
#include <thread>

using namespace render;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

struct answered {
  unsigned status = 0;
  std::map<std::string, std::string> headers;
  std::string body;

  json::document doc() const {
    auto out = json::parse(body);
    BOOST_REQUIRE_MESSAGE(out, body);
    return std::move(*out);
  }
};

/// A connection that says and hears bytes.
class line {
public:
  explicit line(int port) : socket_(io_) {
    socket_.connect(
      {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
    timeval limit{10, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit,
               sizeof(limit));
  }

  void say(const std::string& x) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(x), ignored);
  }

  /// Until `mark` comes, or nothing more does.
  std::string hear(const std::string& mark) {
    char piece[4096];
    while (heard_.find(mark) == std::string::npos) {
      auto got = ::recv(socket_.native_handle(), piece, sizeof(piece), 0);
      if (got <= 0)
        break;
      heard_.append(piece, static_cast<size_t>(got));
    }
    return heard_;
  }

  void forget() {
    heard_.clear();
  }

  answered answer() {
    beast::flat_buffer buffer;
    http::response<http::string_body> got;
    boost::system::error_code err;
    http::read(socket_, buffer, got, err);
    answered out;
    if (err)
      return out;
    out.status = got.result_int();
    out.body = got.body();
    for (auto& x : got)
      out.headers[std::string{x.name_string()}] = std::string{x.value()};
    return out;
  }

private:
  asio::io_context io_;
  tcp::socket socket_;
  std::string heard_;
};

struct world {
  explicit world(const std::string& keys = {},
                 const std::string& base_path = {}) {
    web::service_config cfg;
    cfg.address = "127.0.0.1:0";
    cfg.base_path = base_path;
    cfg.output_dir = folder.path("out");
    cfg.files_dir = folder.path("up");
    cfg.upload_max = 300'000;
    std::filesystem::create_directories(cfg.output_dir);
    std::filesystem::create_directories(cfg.files_dir);
    cfg.redis.host = "127.0.0.1";
    cfg.redis.port = redis.port();
    cfg.version = "test";
    if (!keys.empty()) {
      cfg.keys_file = folder.path("keys");
      std::ofstream{cfg.keys_file} << keys;
    }
    auto started = web::service::start(cfg, {[this](const std::string& x) {
                                               std::lock_guard guard{lock};
                                               audit.push_back(x);
                                             },
                                             {}});
    BOOST_REQUIRE_MESSAGE(started, started.error().message);
    service = std::move(*started);
  }

  answered ask(const std::string& method, const std::string& target,
               const std::string& body = {},
               const std::vector<std::string>& headers = {}) {
    line x{service->port()};
    std::string text = method + " " + target
                       + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    auto json_body = !body.empty();
    for (auto& one : headers) {
      json_body &= !one.starts_with("Content-Type");
      text += one + "\r\n";
    }
    if (json_body)
      text += "Content-Type: application/json\r\n";
    if (!body.empty() || method == "POST")
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    x.say(text + "\r\n" + body);
    return x.answer();
  }

  std::string submit(const std::string& text = "hi") {
    auto x = ask("POST", "/v1/jobs",
                 R"({"type":"csm","input":{"text":")" + text + "\"}}");
    BOOST_REQUIRE_MESSAGE(x.status == 202, x.body);
    return json::string_or_empty(x.doc(), "id");
  }

  void end(const std::string& id, const std::string& status,
           std::initializer_list<std::string> more = {}) {
    std::vector<std::string> words{"HSET", "job:" + id, "status", status};
    words.insert(words.end(), more.begin(), more.end());
    redis.cmd_list(words);
    redis.cmd_list({"LREM", "queue:jobs", "0", id});
  }

  harness::temp_folder folder;
  harness::redis_server redis;
  std::mutex lock;
  std::vector<std::string> audit;
  std::unique_ptr<web::service> service;
};

std::string form(const std::string& content, const std::string& name = "file") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name
         + "\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" + content
         + "\r\n--b--\r\n";
}

const std::vector<std::string> form_type{
  "Content-Type: multipart/form-data; boundary=b"};

} // namespace

BOOST_AUTO_TEST_SUITE(web_service)

BOOST_AUTO_TEST_CASE(a_job_is_a_record_and_a_place_in_the_queue) {
  world w;
  auto id = w.submit();
  BOOST_TEST(w.redis.cmd_list({"LINDEX", "queue:jobs", "0"}).text == id);
  BOOST_TEST(w.redis.cmd_list({"HGET", "job:" + id, "status"}).text
             == "queued");
  BOOST_TEST(w.redis.cmd_list({"HGET", "job:" + id, "data"}).text
             == R"({"text":"hi"})");
  auto got = w.ask("GET", "/v1/jobs/" + id).doc();
  BOOST_TEST(json::string_or_empty(got, "status") == "queued");
  BOOST_TEST(json::string_or_empty(got["waiting"], "reason") == "no_worker");
  BOOST_TEST(w.ask("GET", "/v1/jobs/none").status == 404u);
  BOOST_TEST(w.ask("GET", "/v1/jobs/..").status == 400u);
}

BOOST_AUTO_TEST_CASE(a_repeated_request_makes_no_second_job) {
  world w;
  std::vector<std::thread> threads;
  std::mutex lock;
  std::set<std::string> ids;
  for (auto i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto x = w.ask("POST", "/v1/jobs",
                     R"({"type":"csm","input":{"text":"a"}})",
                     {"Idempotency-Key: k"});
      auto doc = json::parse(x.body);
      std::lock_guard guard{lock};
      ids.insert(doc ? json::string_or_empty(*doc, "id") : x.body);
    });
  for (auto& x : threads)
    x.join();
  BOOST_TEST(ids.size() == 1u);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
  auto other = w.ask("POST", "/v1/jobs",
                     R"({"type":"csm","input":{"text":"b"}})",
                     {"Idempotency-Key: k"});
  BOOST_TEST(other.status == 422u);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
}

BOOST_AUTO_TEST_CASE(lists_go_on_where_they_ended) {
  world w;
  std::set<std::string> all;
  for (auto i = 0; i < 7; ++i)
    all.insert(w.submit());
  std::set<std::string> seen;
  std::string target = "/v1/jobs?status=queued&limit=3";
  for (auto pages = 0; !target.empty(); ++pages) {
    BOOST_REQUIRE(pages < 5);
    auto x = w.ask("GET", target);
    BOOST_REQUIRE_MESSAGE(x.status == 200, x.body);
    auto doc = x.doc();
    for (auto& one : doc["jobs"].GetArray())
      BOOST_TEST(seen.insert(json::string_or_empty(one, "id")).second);
    auto next = json::string_or_empty(doc, "next");
    BOOST_TEST(x.headers.contains("Link") == !next.empty());
    target = next.empty() ? ""
                          : "/v1/jobs?status=queued&limit=3&cursor=" + next;
  }
  BOOST_TEST((seen == all));
  BOOST_TEST(w.ask("GET", "/v1/jobs?status=odd&limit=0&cursor=x").status
             == 400u);
}

BOOST_AUTO_TEST_CASE(cancel_and_retry) {
  world w;
  auto id = w.submit();
  BOOST_TEST(w.ask("POST", "/v1/jobs/" + id + "/retry").status == 409u);
  auto x = w.ask("POST", "/v1/jobs/" + id + "/cancel");
  BOOST_TEST(json::string_or_empty(x.doc(), "status") == "cancelled");
  // Once more is no error: there is nothing to do.
  BOOST_TEST(w.ask("POST", "/v1/jobs/" + id + "/cancel").status == 200u);
  auto again = w.ask("POST", "/v1/jobs/" + id + "/retry");
  BOOST_TEST(again.status == 202u);
  BOOST_TEST(json::string_or_empty(again.doc(), "retry_of") == id);
  BOOST_TEST(w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1);
  std::lock_guard guard{w.lock};
  BOOST_TEST(w.audit.size() == 5u);
  BOOST_TEST(w.audit[2]
             == "local from 127.0.0.1: POST /v1/jobs/" + id + "/cancel: 200");
}

BOOST_AUTO_TEST_CASE(prefer_wait_answers_with_the_end) {
  world w;
  std::atomic<bool> done{false};
  std::thread worker{[&] {
    harness::wait_until([&] {
      return w.redis.cmd_list({"LLEN", "queue:jobs"}).integer == 1;
    });
    auto id = w.redis.cmd_list({"LINDEX", "queue:jobs", "0"}).text;
    w.end(id, "success", {"result", "words"});
    done = true;
  }};
  auto x = w.ask("POST", "/v1/jobs",
                 R"({"type":"whisper","input":{"audio":"http://a/b"}})",
                 {"Prefer: wait=20"});
  worker.join();
  BOOST_TEST(done);
  BOOST_TEST(x.status == 200u);
  BOOST_TEST(json::string_or_empty(x.doc()["result"], "text") == "words");
  auto late = w.ask("POST", "/v1/jobs",
                    R"({"type":"csm","input":{"text":"a"}})",
                    {"Prefer: wait=1"});
  BOOST_TEST(late.status == 202u);
}

BOOST_AUTO_TEST_CASE(a_job_is_followed_to_its_end) {
  world w;
  auto id = w.submit();
  line x{w.service->port()};
  x.say("GET /v1/jobs/" + id + "/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  BOOST_TEST(
    (x.hear("event: state").find("text/event-stream") != std::string::npos));
  w.redis.cmd_list({"HSET", "job:" + id, "status", "running", "stage", "render",
                    "progress", "0.5"});
  auto running = x.hear("\"progress\":0.5");
  BOOST_TEST((running.find("\"stage\":\"render\"") != std::string::npos));
  w.redis.cmd_list({"XADD", "c3:events", "*", "what", "job_ended", "job", id});
  BOOST_TEST((x.hear("job_ended").find("event: change") != std::string::npos));
  w.end(id, "failed", {"error", "why"});
  // The last chunk: the stream ends by itself.
  BOOST_TEST((x.hear("\r\n0\r\n\r\n").find("event: end") != std::string::npos));
  // One that has ended is told at once.
  auto late = w.ask("GET", "/v1/jobs/" + id + "/events");
  BOOST_TEST(late.body.starts_with("retry: 2000\n\nevent: end"));
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_where_it_was_cut) {
  world w;
  auto add = [&](const std::string& n) {
    return w.redis
      .cmd_list({"XADD", "c3:events", "*", "what", "job_claimed", "job", n})
      .text;
  };
  add("one");
  auto seen = add("two");
  add("three");
  line x{w.service->port()};
  x.say("GET /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
        + seen + "\r\n\r\n");
  BOOST_TEST((x.hear("\"three\"").find("\"two\"") == std::string::npos));
  add("four");
  auto all = x.hear("\"four\"");
  BOOST_TEST((all.find("\"four\"") != std::string::npos));
  BOOST_TEST(all.find("\"three\"") == all.rfind("\"three\""));
  BOOST_TEST((all.find("event: reset") == std::string::npos));
  // What is gone is not passed over in silence.
  w.redis.cmd_list({"XTRIM", "c3:events", "MAXLEN", "1"});
  line y{w.service->port()};
  y.say("GET /v1/fleet/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: "
        + seen + "\r\n\r\n");
  BOOST_TEST((y.hear("\"four\"").find("event: reset") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(an_upload_is_an_input) {
  world w;
  std::string bytes(200'000, 'x');
  auto x = w.ask("POST", "/v1/files", form(bytes), form_type);
  BOOST_REQUIRE_MESSAGE(x.status == 201, x.body);
  auto id = json::string_or_empty(x.doc(), "id");
  BOOST_TEST(id == to_hex(sha256(bytes)));
  BOOST_TEST(w.ask("POST", "/v1/files", form(bytes), form_type).status == 200u);
  auto job
    = w.ask("POST", "/v1/jobs",
            R"({"type":"analyze","input":{"image":"file:)" + id + "\"}}");
  BOOST_REQUIRE(job.status == 202);
  auto data = json::parse(
    w.redis
      .cmd_list(
        {"HGET", "job:" + json::string_or_empty(job.doc(), "id"), "data"})
      .text);
  auto url = json::string_or_empty(*data, "image_url");
  auto path = url.substr(url.find("/v1/"));
  auto got = w.ask("GET", path);
  BOOST_TEST(got.status == 200u);
  BOOST_TEST((got.body == bytes));
  BOOST_TEST(got.headers.at("Content-Type") == "image/png");
  auto part = w.ask("GET", path, {}, {"Range: bytes=199999-"});
  BOOST_TEST(part.status == 206u);
  BOOST_TEST(part.body == "x");
  BOOST_TEST(w.ask("GET", path, {}, {"Range: bytes=200000-"}).status == 416u);
  auto head = w.ask("POST", "/v1/files", form(std::string(400'000, 'y')),
                    form_type);
  BOOST_TEST(head.status == 413u);
  BOOST_TEST(w.ask("POST", "/v1/files", form("a", "other"), form_type).status
             == 400u);
  BOOST_TEST(w.ask("POST", "/v1/files", "--b\r\nno end", form_type).status
             == 400u);
  // Nothing is left of what was not kept.
  auto files = 0;
  for (auto& one : std::filesystem::directory_iterator{w.folder.path("up")})
    files += one.path().filename().string().starts_with(".upload-");
  BOOST_TEST(files == 0);
}

BOOST_AUTO_TEST_CASE(keys_decide_who_may_what) {
  auto hash = [](const char* key) {
    return to_hex(sha256(key));
  };
  world w{"v view " + hash("kv") + "\ns submit " + hash("ks") + "\n", "/b"};
  auto as = [](const std::string& key) {
    return std::vector<std::string>{"Authorization: Bearer " + key};
  };
  BOOST_TEST(w.ask("GET", "/b/v1/jobs").status == 401u);
  BOOST_TEST(w.ask("GET", "/b/v1/jobs", {}, as("no")).status == 401u);
  BOOST_TEST(w.ask("GET", "/b/v1/jobs", {}, as("kv")).status == 200u);
  const std::string job = R"({"type":"csm","input":{"text":"a"}})";
  BOOST_TEST(w.ask("POST", "/b/v1/jobs", job, as("kv")).status == 403u);
  BOOST_TEST(w.ask("POST", "/b/v1/jobs", job, as("ks")).status == 202u);
  auto up = form_type;
  up.push_back("X-C3-RENDER-KEY: ks");
  auto file = w.ask("POST", "/b/v1/files", form("abc"), up);
  BOOST_REQUIRE(file.status == 201);
  auto path = "/b/v1/files/" + json::string_or_empty(file.doc(), "id");
  BOOST_TEST(w.ask("GET", path).status == 401u);
  BOOST_TEST(w.ask("GET", path, {}, as("kv")).status == 200u);
  BOOST_TEST(
    w.ask("GET", path + "?expires=9999999999&signature=" + hash("x")).status
    == 401u);
  auto login = w.ask("POST", "/b/login", R"({"key":"kv"})");
  BOOST_REQUIRE(login.status == 204);
  auto cookie = login.headers.at("Set-Cookie");
  auto me = w.ask("GET", "/b/v1/me", {},
                  {"Cookie: " + cookie.substr(0, cookie.find(';'))});
  BOOST_TEST(json::string_or_empty(me.doc(), "role") == "view");
}

BOOST_AUTO_TEST_CASE(only_results_are_sent) {
  world w;
  auto result = [&](const std::string& url) {
    auto id = w.submit();
    w.end(id, "success", {"result_url", url});
    return w.ask("GET", "/v1/jobs/" + id + "/result");
  };
  std::ofstream{w.folder.path("out/a.mp3")} << "sound";
  std::ofstream{w.folder.path("secret")} << "secret";
  std::filesystem::create_symlink(w.folder.path("secret"),
                                  w.folder.path("out/b.mp3"));
  auto good = result("file://" + w.folder.path("out/a.mp3"));
  BOOST_TEST(good.status == 200u);
  BOOST_TEST(good.body == "sound");
  BOOST_TEST(good.headers.at("Content-Type") == "audio/mpeg");
  for (auto& url :
       {"file://" + w.folder.path("secret"),
        "file://" + w.folder.path("out/../secret"),
        "file://" + w.folder.path("out/b.mp3"),
        "file://" + w.folder.path("out"), std::string{"file:///etc/passwd"},
        std::string{"javascript:alert(1)"}})
    BOOST_TEST(result(url).status == 404u, url);
  auto elsewhere = result("https://s.example/a.mp3?sig=1");
  BOOST_TEST(elsewhere.status == 302u);
  auto id = w.submit();
  BOOST_TEST(w.ask("GET", "/v1/jobs/" + id + "/result").status == 409u);
}

BOOST_AUTO_TEST_CASE(what_can_be_read_in_two_ways_is_refused) {
  world w;
  auto status = [&](const std::string& head, const std::string& body = {}) {
    line x{w.service->port()};
    x.say(head + "\r\n" + body);
    return x.answer().status;
  };
  const std::string post = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n";
  BOOST_TEST(
    status(post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
           "0\r\n\r\n")
    == 400u);
  BOOST_TEST(status(post + "Content-Length: 1\r\nContent-Length: 2\r\n", "ab")
             == 400u);
  BOOST_TEST(status(post + "Transfer-Encoding: xchunked\r\n", "x") == 400u);
  BOOST_TEST(status("GET / HTTP/1.1\r\n") == 400u);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: localhost\r\nHost: b\r\n")
             == 400u);
  BOOST_TEST(status("nonsense\r\n") == 400u);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: localhost\r\nX: "
                    + std::string(20'000, 'a') + "\r\n")
             == 431u);
  BOOST_TEST(status("GET / HTTP/1.1\r\nHost: evil.example\r\n") == 421u);
  BOOST_TEST(status(post + "Content-Type: application/json\r\n"
                    + "Content-Length: 2000000\r\n")
             == 413u);
}

BOOST_AUTO_TEST_CASE(several_requests_take_one_connection) {
  world w;
  line x{w.service->port()};
  const std::string ask = "GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n";
  x.say(ask + ask);
  for (auto i = 0; i < 2; ++i) {
    auto text = x.hear("\"time\"");
    BOOST_TEST(text.starts_with("HTTP/1.1 200"));
    x.hear("}");
    x.forget();
    if (i == 0)
      x.say(ask);
  }
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_away_is_said_and_comes_back) {
  world w;
  auto id = w.submit();
  w.redis.kill();
  auto x = w.ask("GET", "/v1/jobs/" + id);
  BOOST_TEST(x.status == 503u);
  BOOST_TEST(x.headers.contains("Retry-After"));
  BOOST_TEST(w.ask("GET", "/openapi.json").status == 200u);
  w.redis.restart();
  BOOST_TEST(harness::wait_until([&] {
    return w.ask("GET", "/v1/jobs/" + id).status == 404u;
  }));
}

BOOST_AUTO_TEST_CASE(a_service_for_others_needs_keys) {
  harness::temp_folder folder;
  web::service_config cfg;
  cfg.address = "0.0.0.0:0";
  cfg.files_dir = folder.path();
  auto x = web::service::start(cfg, {});
  BOOST_REQUIRE(!x);
  BOOST_TEST((x.error().message.find("WEB_KEYS_FILE") != std::string::npos));
  cfg.address = "127.0.0.1:0";
  cfg.keys_file = folder.path("none");
  BOOST_TEST(!web::service::start(cfg, {}));
  std::ofstream{cfg.keys_file} << "# nothing\n";
  BOOST_TEST(!web::service::start(cfg, {}));
}

BOOST_AUTO_TEST_SUITE_END()
