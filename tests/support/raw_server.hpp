#pragma once
// A TCP server on a free port of loopback that sends what no HTTP library
// would.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace render::harness {

class raw_server {
public:
  /// Sends bytes to a client; false when the client has gone.
  using speaker = std::function<bool(std::string_view)>;
  /// Serves one connection after the request's headers were read. The
  /// connection is closed when the talk returns.
  using talk = std::function<void(const std::string& request, speaker say)>;

  explicit raw_server(talk talk) : talk_(std::move(talk)) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (bind(fd_, address, size) != 0 || listen(fd_, 64) != 0
        || getsockname(fd_, address, &size) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread{[this] {
      serve();
    }};
  }

  raw_server(const raw_server&) = delete;
  raw_server& operator=(const raw_server&) = delete;

  ~raw_server() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    {
      std::lock_guard guard{mutex_};
      for (auto fd : open_)
        shutdown(fd, SHUT_RDWR);
    }
    for (auto& x : threads_)
      x.join();
    close(fd_);
  }

  std::string url(const std::string& host = "127.0.0.1",
                  const std::string& path = "/") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }

  int connections() const {
    return connections_;
  }

private:
  void serve() {
    while (true) {
      auto client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0)
        return;
      ++connections_;
      std::lock_guard guard{mutex_};
      open_.push_back(client);
      threads_.emplace_back([this, client] {
        converse(client);
        std::lock_guard inner{mutex_};
        std::erase(open_, client);
        close(client);
      });
    }
  }

  void converse(int client) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      auto got = recv(client, buffer, sizeof(buffer), 0);
      if (got <= 0)
        return;
      request.append(buffer, static_cast<size_t>(got));
    }
    talk_(request, [client](std::string_view text) {
      while (!text.empty()) {
        auto sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0)
          return false;
        text.remove_prefix(static_cast<size_t>(sent));
      }
      return true;
    });
  }

  talk talk_;
  int fd_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

} // namespace render::harness
