// The status port under hostile clients. Each of them is ended, and /healthz
// still answers.
#include "app/worker/ask_http.hpp"
#include "app/worker/listening.hpp"
#include "app/worker/status_server.hpp"
#include "tests/support/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>

using namespace render;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

/// A client that can send any bytes.
class raw_client {
public:
  explicit raw_client(int port) {
    timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<uint16_t>(port));
    BOOST_REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to))
                  == 0);
  }

  raw_client(raw_client&& x) noexcept : fd_(std::exchange(x.fd_, -1)) {
    // nop
  }

  ~raw_client() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  bool say(std::string_view text) {
    while (!text.empty()) {
      auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  /// Reads until the server closes, or for 10 s.
  std::string hear_all() {
    std::string out;
    char part[4096];
    for (;;) {
      auto got = ::recv(fd_, part, sizeof(part), 0);
      if (got <= 0)
        return out;
      out.append(part, static_cast<size_t>(got));
    }
  }

  /// Reads until `end` has come.
  std::string hear(std::string_view end) {
    std::string out;
    char byte = 0;
    while (!out.ends_with(end) && ::recv(fd_, &byte, 1, 0) == 1)
      out += byte;
    return out;
  }

private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

struct status_port {
  status_port() {
    auto started = status_server::start("127.0.0.1:0",
                                        {[this] {
                                           return ask();
                                         },
                                         [this] {
                                           return ask_redis();
                                         },
                                         {},
                                         [](auto&, auto*) {
                                           return big_text();
                                         }},
                                        {{"worker.example"}, false});
    BOOST_REQUIRE(started);
    server = std::move(*started);
  }

  ~status_port() {
    hung = false;
    redis_hung = false;
  }

  result<msg::node_status> ask() {
    while (hung)
      ::poll(nullptr, 0, 1);
    if (sick)
      return fail(failure_kind::outcome_unknown, "the supervisor is silent");
    return msg::node_status{};
  }

  result<void> ask_redis() {
    while (redis_hung)
      ::poll(nullptr, 0, 1);
    return {};
  }

  /// What takes a thread a while to write and a socket a while to send.
  static std::string big_text() {
    auto until = clock_type::now() + 5ms;
    std::string out;
    while (clock_type::now() < until || out.size() < 500'000)
      out += "c3_jobs_ended_total{type=\"csm\",status=\"success\"} 1\n";
    out.resize(500'000);
    return out;
  }

  http_answer get(const std::string& path) {
    auto got = ask_http({"127.0.0.1", server->port()}, path, 10s);
    return got ? *got : http_answer{0, {}, got.error().message};
  }

  /// The median of some times of a 200: what the port does decides it, and not
  /// a moment in which this process had no processor.
  std::chrono::milliseconds check_time(const std::string& path) {
    std::vector<clock_type::duration> took;
    for (auto i = 0; i < 15; ++i) {
      auto begin = clock_type::now();
      auto got = get(path);
      took.push_back(clock_type::now() - begin);
      BOOST_TEST(got.status == 200u, got.body);
    }
    std::sort(took.begin(), took.end());
    return std::chrono::duration_cast<std::chrono::milliseconds>(
      took[took.size() / 2]);
  }

  auto health_time() {
    return check_time("/healthz");
  }

  /// Sends `head` and then `part` again and again. Returns the number of bytes
  /// sent, at most `limit`, and the received text.
  std::pair<size_t, std::string> flood(const std::string& head,
                                       const std::string& part, size_t limit) {
    raw_client client{server->port()};
    auto sent = head.size();
    for (auto ok = client.say(head); ok && sent < limit; sent += part.size())
      ok = client.say(part);
    return {sent, client.hear_all()};
  }

  std::string ask_as(const std::string& host) {
    raw_client client{server->port()};
    client.say("GET /healthz HTTP/1.1\r\nHost: " + host
               + "\r\nConnection: close\r\n\r\n");
    return client.hear_all().substr(0, 12);
  }

  std::atomic<bool> hung = false;
  std::atomic<bool> redis_hung = false;
  std::atomic<bool> sick = false;
  std::unique_ptr<status_server> server;
};

constexpr size_t much = 200'000'000;
constexpr size_t little = 20'000'000;

} // namespace

BOOST_FIXTURE_TEST_SUITE(status_floods, status_port)

BOOST_AUTO_TEST_CASE(two_hundred_silent_and_slow_clients_delay_nobody) {
  std::vector<raw_client> clients;
  for (auto i = 0; i < 200; ++i) {
    clients.emplace_back(server->port());
    if (i % 2 == 0)
      clients.back().say("GET /healthz HTTP/1.1\r\nHost: 127");
  }
  BOOST_TEST(health_time().count() < 100);
}

BOOST_AUTO_TEST_CASE(idle_clients_that_keep_their_connection_delay_nobody) {
  std::vector<raw_client> clients;
  for (auto i = 0; i < 20; ++i) {
    clients.emplace_back(server->port());
    for (auto j = 0; j < 2; ++j) {
      clients.back().say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      BOOST_TEST(clients.back().hear("ok\n").starts_with("HTTP/1.1 200"));
    }
  }
  BOOST_TEST(health_time().count() < 100);
}

BOOST_AUTO_TEST_CASE(scrapers_without_patience_delay_nobody) {
  // These ask much and read nothing.
  std::vector<raw_client> clients;
  for (auto i = 0; i < 40; ++i) {
    clients.emplace_back(server->port());
    std::string much;
    for (auto j = 0; j < 50; ++j)
      much += "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    clients.back().say(much);
  }
  // These read, and ask again at once.
  std::atomic<bool> enough = false;
  std::atomic<int> got = 0;
  std::vector<std::future<void>> others;
  for (auto i = 0; i < 8; ++i)
    others.push_back(std::async(std::launch::async, [&, i] {
      while (!enough)
        got += get(i % 2 ? "/status" : "/metrics").status == 200 ? 1 : 0;
    }));
  BOOST_TEST(harness::wait_until([&] {
    return got >= 8;
  }));
  BOOST_TEST(health_time().count() < 100);
  BOOST_TEST(check_time("/readyz").count() < 100);
  enough = true;
}

BOOST_AUTO_TEST_CASE(what_keeps_the_back_busy_delays_no_quick_answer) {
  auto two = status_http::listen({"127.0.0.1", 0, 0, {}, {"/slow"}});
  BOOST_REQUIRE(two);
  std::atomic<bool> released = false;
  std::atomic<bool> begun = false;
  (*two)->serve([&](std::string_view path, const status_http::reply& reply) {
    if (path == "/slow") {
      begun = true;
      while (!released)
        ::poll(nullptr, 0, 1);
    }
    reply({.body = "ok\n"});
  });
  host_port where{"127.0.0.1", (*two)->port()};
  auto slow = std::async(std::launch::async, [&] {
    return ask_http(where, "/slow", 10s).has_value();
  });
  BOOST_TEST(harness::wait_until([&] {
    return begun.load();
  }));
  BOOST_TEST(ask_http(where, "/quick", 5s).has_value());
  released = true;
  BOOST_TEST(slow.get());
}

BOOST_AUTO_TEST_CASE(a_question_can_follow_another_kind_on_its_connection) {
  raw_client client{server->port()};
  std::string all;
  for (auto* path : {"/healthz", "/status", "/readyz", "/metrics", "/healthz"})
    all += "GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n"
           + (all.size() > 150 ? "Connection: close\r\n\r\n" : "\r\n");
  client.say(all);
  auto heard = client.hear_all();
  auto answers = 0;
  for (auto at = heard.find("HTTP/1.1 200"); at != std::string::npos;
       at = heard.find("HTTP/1.1 200", at + 1))
    ++answers;
  BOOST_TEST(answers == 5);
  BOOST_TEST(heard.ends_with("ok\n"));
}

BOOST_AUTO_TEST_CASE(of_too_many_clients_the_oldest_idle_one_goes) {
  raw_client first{server->port()};
  std::vector<raw_client> clients;
  for (auto i = 0; i < 300; ++i)
    clients.emplace_back(server->port());
  auto begin = clock_type::now();
  BOOST_TEST(first.hear_all() == "");
  BOOST_TEST((clock_type::now() - begin < 4s));
  BOOST_TEST(health_time().count() < 100);
}

BOOST_AUTO_TEST_CASE(a_request_has_five_seconds) {
  raw_client client{server->port()};
  client.say("GET /healthz HT");
  auto begin = clock_type::now();
  BOOST_TEST(client.hear_all() == "");
  auto took = clock_type::now() - begin;
  BOOST_TEST((took > 3s && took < 8s));
}

BOOST_AUTO_TEST_CASE(a_body_is_refused_before_it_is_read) {
  auto [sent, said]
    = flood("POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            "1000000000\r\n\r\n",
            std::string(65536, 'x'), much);
  BOOST_TEST(sent < little);
  BOOST_TEST((said.starts_with("HTTP/1.1 413") || said.empty()), said);
  raw_client client{server->port()};
  client.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
             "1000000000\r\n\r\n");
  BOOST_TEST(client.hear("here\n").starts_with("HTTP/1.1 413"));
  std::tie(sent, said)
    = flood("PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
            "chunked\r\n\r\n",
            "10000\r\n" + std::string(65536, 'x') + "\r\n", much);
  BOOST_TEST(sent < little);
}

BOOST_AUTO_TEST_CASE(endless_lines_and_headers_are_cut) {
  auto filler = std::string(65536, 'a');
  auto headers = std::string{};
  while (headers.size() < 65536)
    headers += "X-Header: some value\r\n";
  for (auto& [head, part] : std::vector<std::pair<std::string, std::string>>{
         {"GET /", filler},
         {"GET / HTTP/1.1\r\nX-Long: ", filler},
         {"GET / HTTP/1.1\r\n", headers}}) {
    auto [sent, said] = flood(head, part, much);
    BOOST_TEST(sent < little, head);
  }
  raw_client client{server->port()};
  client.say("GET / HTTP/1.1\r\nX-Long: " + std::string(20'000, 'a'));
  BOOST_TEST(client.hear("most\n").starts_with("HTTP/1.1 431"));
  BOOST_TEST(health_time().count() < 100);
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_hangs_delays_no_health_check) {
  BOOST_TEST(get("/healthz").status == 200u);
  hung = true;
  auto waiting = std::async(std::launch::async, [this] {
    return get("/status").status;
  });
  BOOST_TEST(health_time().count() < 100);
  sick = true;
  hung = false;
  BOOST_TEST(waiting.get() == 503u);
  BOOST_TEST(harness::wait_until([this] {
    return get("/healthz").status == 503;
  }));
  hung = true;
  auto got = get("/healthz");
  BOOST_TEST(got.status == 503u);
  BOOST_TEST(got.body.find("is silent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_redis_that_hangs_delays_no_check) {
  BOOST_TEST(get("/readyz").status == 200u);
  redis_hung = true;
  BOOST_TEST(check_time("/readyz").count() < 100);
  BOOST_TEST(health_time().count() < 100);
}

BOOST_AUTO_TEST_CASE(a_page_of_another_name_learns_nothing) {
  for (auto* host : {"evil.example", "evil.example:8090", "localhost.evil.com",
                     "127.0.0.1.evil.com", ""})
    BOOST_TEST(ask_as(host) == "HTTP/1.1 421", host);
  for (auto* host : {"127.0.0.1:8090", "10.1.2.3", "[::1]:8090", "LOCALHOST",
                     "worker.example:1"})
    BOOST_TEST(ask_as(host) == "HTTP/1.1 200", host);
  for (auto& name : machine_names())
    BOOST_TEST(ask_as(name) == "HTTP/1.1 200", name);
}

BOOST_AUTO_TEST_CASE(the_root_says_what_there_is) {
  auto got = get("/");
  BOOST_TEST(got.status == 200u);
  for (auto* path : {"/healthz", "/readyz", "/status", "/metrics"})
    BOOST_TEST(got.body.find(path) != std::string::npos);
  BOOST_TEST(get("/nowhere").status == 404u);
}

BOOST_AUTO_TEST_CASE(a_default_address_in_use_gives_the_next_port) {
  auto address = "127.0.0.1:" + std::to_string(server->port());
  status_server::sources from{[this] {
                                return ask();
                              },
                              []() -> result<void> {
                                return {};
                              }};
  BOOST_TEST(!status_server::start(address, from));
  auto second = status_server::start(address, from, {{}, true});
  BOOST_REQUIRE(second);
  BOOST_TEST((*second)->port() > server->port());
}

BOOST_AUTO_TEST_SUITE_END()
