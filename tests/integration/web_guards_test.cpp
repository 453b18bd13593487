// Files, keys and refusals of the HTTP service, with a real Redis, over real
// sockets.
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "tests/support/web_world.hpp"

using namespace render;
using harness::form;
using harness::form_type;
using harness::line;
using world = harness::web_world;

BOOST_AUTO_TEST_SUITE(web_guards)

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
    auto got = x.answer();
    BOOST_TEST(got.status == 200u);
    BOOST_TEST(json::string_or_empty(got.doc(), "role") == "operate");
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

BOOST_AUTO_TEST_CASE(this_machines_name_is_one_of_its_hosts) {
  world w;
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  line x{w.service->port()};
  x.say("GET /v1/me HTTP/1.1\r\nHost: " + std::string{name} + "\r\n\r\n");
  BOOST_TEST(x.answer().status == 200u);
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
