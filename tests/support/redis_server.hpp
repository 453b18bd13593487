#pragma once
// A private redis-server for one test: free port, no persistence, own folder,
// removed at the end. It can be killed, restarted and stopped (SIGSTOP), and
// `cmd` talks to it over a synchronous connection of its own. Not for several
// threads. Link `hiredis` by name: the flags of PkgConfig::HIREDIS do not fit
// the precompiled header.
#include "tests/support/temp_folder.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace render::harness {

/// A port on the loopback that was free a moment ago.
inline uint16_t free_port() {
  auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in addr{};
  addr.sin_family = AF_INET;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t len = sizeof(addr);
  auto ok = ::bind(fd, reinterpret_cast<sockaddr*>(&addr), len) == 0
            && ::getsockname(fd, reinterpret_cast<sockaddr*>(&addr), &len) == 0;
  ::close(fd);
  if (!ok)
    throw std::runtime_error("no free port on the loopback");
  return ntohs(addr.sin_port);
}

/// Asks again every 2 ms until `condition` holds; false when `limit` passes.
template <class Condition>
bool wait_until(Condition condition,
                std::chrono::milliseconds limit = std::chrono::seconds{10}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

/// An answer of Redis. `error` has the text of an error or of a transport
/// failure.
struct redis_answer {
  bool nil = false;
  std::string error;
  std::string text;
  long long integer = 0;
  std::vector<redis_answer> elements;

  bool ok() const {
    return error.empty();
  }
};

class redis_server {
public:
  /// `options` follow the defaults: {"--rename-command", "BLMOVE", ""}.
  explicit redis_server(std::vector<std::string> options = {})
    : options_(std::move(options)) {
    for (auto tries = 0; tries < 5 && pid_ == 0; ++tries) {
      port_ = free_port();
      start();
    }
    if (pid_ == 0)
      throw std::runtime_error("redis-server does not start");
  }

  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  ~redis_server() {
    kill();
  }

  std::string host() const {
    return "127.0.0.1";
  }

  uint16_t port() const {
    return port_;
  }

  /// SIGKILL: the data is lost, since there is no persistence.
  void kill() {
    disconnect();
    if (pid_ == 0)
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  /// Starts again on the same port, with an empty database.
  void restart() {
    kill();
    if (!start())
      throw std::runtime_error("redis-server does not start again");
  }

  /// Writes the database to its folder; a later `restart` reads it.
  void save() {
    cmd("SAVE");
  }

  /// SIGSTOP: connections stay open but get no answers.
  void freeze() {
    ::kill(pid_, SIGSTOP);
  }

  void thaw() {
    ::kill(pid_, SIGCONT);
  }

  /// One command, answered within 5 s: cmd("HGET", key, "status").
  template <class... Ts>
  redis_answer cmd(Ts&&... xs) {
    return cmd_list({std::string(std::forward<Ts>(xs))...});
  }

  redis_answer cmd_list(const std::vector<std::string>& args) {
    if (!connect())
      return transport_error("not connected");
    std::vector<const char*> texts;
    std::vector<size_t> lengths;
    for (auto& x : args) {
      texts.push_back(x.data());
      lengths.push_back(x.size());
    }
    auto* raw = redisCommandArgv(connection_.get(),
                                 static_cast<int>(args.size()), texts.data(),
                                 lengths.data());
    if (!raw) {
      std::string why = connection_->errstr;
      disconnect();
      return transport_error(why);
    }
    auto out = to_answer(*static_cast<redisReply*>(raw));
    freeReplyObject(raw);
    return out;
  }

  /// The value of a hash field; empty when absent.
  std::string field(const std::string& key, const std::string& name) {
    return cmd("HGET", key, name).text;
  }

private:
  struct free_connection {
    void operator()(redisContext* x) const {
      redisFree(x);
    }
  };

  static redis_answer transport_error(const std::string& why) {
    redis_answer out;
    out.error = "transport: " + why;
    return out;
  }

  static redis_answer to_answer(const redisReply& x) {
    redis_answer out;
    out.nil = x.type == REDIS_REPLY_NIL;
    out.integer = x.integer;
    if (x.type == REDIS_REPLY_ERROR)
      out.error.assign(x.str, x.len);
    else if (x.str)
      out.text.assign(x.str, x.len);
    for (size_t i = 0; i < x.elements; ++i)
      out.elements.push_back(to_answer(*x.element[i]));
    return out;
  }

  bool connect() {
    if (connection_)
      return true;
    const timeval limit{5, 0};
    connection_.reset(redisConnectWithTimeout(host().c_str(), port_, limit));
    if (!connection_ || connection_->err) {
      connection_.reset();
      return false;
    }
    redisSetTimeout(connection_.get(), limit);
    return true;
  }

  void disconnect() {
    connection_.reset();
  }

  bool start() {
    std::vector<std::string> args{"redis-server",
                                  "--port",
                                  std::to_string(port_),
                                  "--bind",
                                  "127.0.0.1",
                                  "--save",
                                  "",
                                  "--appendonly",
                                  "no",
                                  "--dir",
                                  folder_.path(),
                                  "--logfile",
                                  "redis.log",
                                  "--databases",
                                  "16"};
    args.insert(args.end(), options_.begin(), options_.end());
    std::vector<char*> argv;
    for (auto& x : args)
      argv.push_back(x.data());
    argv.push_back(nullptr);
    auto pid = ::fork();
    if (pid < 0)
      throw std::runtime_error("cannot fork");
    if (pid == 0) {
      // A crashed test leaves no server behind.
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto null = ::open("/dev/null", O_RDWR);
      ::dup2(null, 1);
      ::dup2(null, 2);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    pid_ = pid;
    auto up = wait_until([this] {
      return ::waitpid(pid_, nullptr, WNOHANG) != 0
             || cmd("PING").text == "PONG";
    });
    // Another process may own the port: only a living child counts.
    if (up && connection_ && ::waitpid(pid_, nullptr, WNOHANG) == 0)
      return true;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
    disconnect();
    return false;
  }

  std::vector<std::string> options_;
  temp_folder folder_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
  std::unique_ptr<redisContext, free_connection> connection_;
};

} // namespace render::harness
