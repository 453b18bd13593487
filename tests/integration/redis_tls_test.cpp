// TLS to a real redis-server that speaks TLS only, and to servers that are
// wrong in every way.
#include "actors/io/redis/link/loop.hpp"
#include "actors/io/redis/link/tls.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"

#include <boost/test/unit_test.hpp>

#include <mutex>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

/// redis-server, or redis-sentinel, on a TLS port.
class tls_server {
public:
  tls_server(const harness::certificates& authority, std::string certificate,
             words more = {}, words first = {"/usr/bin/redis-server"})
    : port(harness::free_port()), args_(std::move(first)) {
    for (auto& x :
         words{"--port", "0", "--tls-port", std::to_string(port), "--bind",
               "127.0.0.1", "--save", "", "--dir", folder_.path(),
               "--tls-cert-file", certificate + ".crt", "--tls-key-file",
               certificate + ".key", "--tls-ca-cert-file", authority.ca(),
               "--tls-auth-clients", "no"})
      args_.push_back(x);
    args_.insert(args_.end(), more.begin(), more.end());
    start();
  }

  void kill() {
    process_.reset();
  }

  void start() {
    auto log = folder_.path("log" + std::to_string(starts_++));
    process_.emplace(args_, std::map<std::string, std::string>{}, log);
    if (!harness::wait_until([this] {
          auto said = process_->output();
          return said.find("eady to accept") != std::string::npos
                 || said.find("+monitor") != std::string::npos
                 || !process_->running();
        })
        || !process_->running())
      throw std::runtime_error("redis-server: " + process_->output());
  }

  const uint16_t port;

private:
  harness::temp_folder folder_;
  words args_;
  int starts_ = 0;
  std::optional<harness::process> process_;
};

/// Accepts connections, and sends nothing.
class silent_server {
public:
  silent_server() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(fd_, raw, size) == 0);
    BOOST_REQUIRE(::listen(fd_, 64) == 0);
    BOOST_REQUIRE(::getsockname(fd_, raw, &size) == 0);
    port = ntohs(address.sin_port);
  }

  ~silent_server() {
    ::close(fd_);
  }

  uint16_t port = 0;

private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

/// Keeps the events of a loop.
class client {
public:
  explicit client(const link_options& options)
    : loop_(options, [this](redis_events events) {
        std::lock_guard guard{mutex_};
        for (auto& x : events.completions)
          answers_.emplace(x.id, std::move(x.answer));
        for (auto& x : events.changes)
          changes_.push_back(std::move(x));
      }) {
    // nop
  }

  result<reply> ask(words args, channel where = channel::commands) {
    auto id = ++last_;
    loop_.submit(where, {id, std::move(args)});
    auto done = harness::wait_until([&] {
      std::lock_guard guard{mutex_};
      return answers_.count(id) != 0;
    });
    std::lock_guard guard{mutex_};
    return done ? answers_.at(id)
                : fail(failure_kind::internal, "the loop says nothing");
  }

  /// The answer to PING: PONG, or the failure.
  std::string ping(channel where = channel::commands) {
    auto got = ask({"PING"}, where);
    return got ? got->text : got.error().message;
  }

private:
  std::mutex mutex_;
  std::map<uint64_t, result<reply>> answers_;
  std::vector<link_change> changes_;
  uint64_t last_ = 0;
  redis_loop loop_;
};

struct world {
  link_options to(uint16_t port) const {
    link_options out;
    out.host = "127.0.0.1";
    out.port = port;
    out.tls.on = true;
    out.tls.ca_file = authority.ca();
    out.connect_timeout = 2s;
    out.backoff_max = 100ms;
    return out;
  }

  harness::certificates authority;
  std::string good = authority.make("good", "DNS:redis.example,IP:127.0.0.1");
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_tls, world)

BOOST_AUTO_TEST_CASE(both_connections_work_also_with_large_values) {
  tls_server server{authority, good};
  client redis{to(server.port)};
  BOOST_TEST(redis.ping() == "PONG");
  BOOST_TEST(redis.ping(channel::waiting) == "PONG");
  std::string large(5'000'000, 'x');
  BOOST_REQUIRE(redis.ask({"SET", "k", large}));
  auto got = redis.ask({"GET", "k"});
  BOOST_REQUIRE(got);
  BOOST_TEST((got->text == large));
}

BOOST_AUTO_TEST_CASE(no_child_inherits_the_sockets) {
  tls_server server{authority, good};
  client redis{to(server.port)};
  BOOST_TEST(redis.ping() == "PONG");
  BOOST_TEST(redis.ping(channel::waiting) == "PONG");
  auto sockets = 0;
  for (auto fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0
        || ntohs(peer.sin_port) != server.port)
      continue;
    ++sockets;
    BOOST_TEST((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  BOOST_TEST(sockets == 2);
}

BOOST_AUTO_TEST_CASE(the_name_may_be_another_than_the_host) {
  tls_server server{authority, good};
  auto options = to(server.port);
  options.tls.server_name = "redis.example";
  BOOST_TEST(client{options}.ping() == "PONG");
}

BOOST_AUTO_TEST_CASE(a_certificate_for_somebody_else_is_refused) {
  tls_server server{authority, authority.make("other", "DNS:other-name")};
  auto options = to(server.port);
  options.tls.server_name = "redis.example";
  BOOST_TEST(client{options}.ping()
             == "Redis 127.0.0.1:" + std::to_string(server.port)
                  + ": TLS: the certificate is for other-name, not "
                    "redis.example");
  BOOST_TEST(
    contains(client{to(server.port)}.ping(), "for other-name, not 127.0.0.1"));
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
  tls_server server{authority, authority.make("old", "IP:127.0.0.1", -1)};
  auto said = client{to(server.port)}.ping();
  BOOST_TEST(contains(said, "TLS: the certificate expired on "), said);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_a_foreign_authority_is_refused) {
  tls_server server{authority, good};
  harness::certificates foreign;
  auto options = to(server.port);
  options.tls.ca_file = foreign.ca();
  auto said = client{options}.ping();
  BOOST_TEST(contains(said, "TLS: the certificate is of no authority"), said);
  // The certificate is of none of the machine's authorities either.
  options.tls.ca_file.clear();
  said = client{options}.ping();
  BOOST_TEST(contains(said, "TLS: the certificate is of no authority"), said);
}

BOOST_AUTO_TEST_CASE(a_client_certificate_is_shown_when_demanded) {
  for (auto* versions : {"TLSv1.2", "TLSv1.3"}) {
    tls_server server{
      authority,
      good,
      {"--tls-auth-clients", "yes", "--tls-protocols", versions}};
    auto options = to(server.port);
    auto said = client{options}.ping();
    BOOST_TEST(contains(said, "TLS: "), said);
    BOOST_TEST(contains(said, "client certificate (REDIS_CERT_FILE"), said);
    auto mine = authority.make("worker", "DNS:worker");
    options.tls.cert_file = mine + ".crt";
    options.tls.key_file = mine + ".key";
    BOOST_TEST(client{options}.ping() == "PONG");
  }
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_named) {
  tls_options options{true, "/nowhere/ca.pem", "", "", ""};
  auto got = tls_context::load(options);
  BOOST_REQUIRE(!got);
  BOOST_TEST(
    got.error().message
    == "REDIS_CA_FILE: /nowhere/ca.pem cannot be used: No such file or "
       "directory");
  options = {true, "", good + ".crt", authority.ca(), ""};
  got = tls_context::load(options);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message.starts_with("REDIS_KEY_FILE: "));
}

BOOST_AUTO_TEST_CASE(a_silent_server_costs_a_time_out_and_blocks_nobody) {
  silent_server server;
  auto options = to(server.port);
  options.connect_timeout = 300ms;
  auto begin = std::chrono::steady_clock::now();
  client redis{options};
  auto said = redis.ping();
  auto took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST(contains(said, "no answer in time, waited for the TLS handshake"),
             said);
  BOOST_TEST((took < 1500ms));
  // The connection for waiting does not delay the other one.
  begin = std::chrono::steady_clock::now();
  redis.ping(channel::waiting);
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 1500ms));
}

BOOST_AUTO_TEST_CASE(it_connects_again_after_a_restart) {
  tls_server server{authority, good};
  client redis{to(server.port)};
  BOOST_TEST(redis.ping() == "PONG");
  server.kill();
  BOOST_TEST(harness::wait_until([&] {
    return redis.ping() != "PONG";
  }));
  server.start();
  for (auto where : {channel::commands, channel::waiting})
    BOOST_TEST(harness::wait_until([&] {
      return redis.ping(where) == "PONG";
    }));
}

BOOST_AUTO_TEST_CASE(plain_text_and_tls_that_miss_each_other_are_explained) {
  tls_server server{authority, good};
  auto options = to(server.port);
  options.tls = {};
  auto said = client{options}.ping();
  BOOST_TEST(contains(said, "does it demand TLS (REDIS_TLS=true)?"), said);
  harness::redis_server plain;
  said = client{to(plain.port())}.ping();
  BOOST_TEST(contains(said, "TLS handshake; does it speak TLS on this port?"),
             said);
}

BOOST_AUTO_TEST_CASE(sentinels_are_asked_over_tls_too) {
  tls_server master{authority, good};
  harness::temp_folder folder;
  std::ofstream{folder.path("sentinel.conf")}
    << "sentinel monitor jobs 127.0.0.1 " << master.port << " 1\n"
    << "tls-replication yes\n";
  tls_server sentinel{
    authority,
    good,
    {},
    {"/usr/bin/redis-server", folder.path("sentinel.conf"), "--sentinel"}};
  link_options options = to(1);
  options.sentinels = {{"127.0.0.1", sentinel.port}};
  options.sentinel_master = "jobs";
  BOOST_TEST(client{options}.ping() == "PONG");
  harness::certificates foreign;
  options.tls.ca_file = foreign.ca();
  auto said = client{options}.ping();
  BOOST_TEST(contains(said, "Redis Sentinel 127.0.0.1"), said);
  BOOST_TEST(contains(said, "TLS: the certificate is of no authority"), said);
}

BOOST_AUTO_TEST_SUITE_END()
