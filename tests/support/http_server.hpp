#pragma once
// A real HTTP or HTTPS server on a free port of loopback, for one test.
#include <httplib.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace render::harness {

class http_server {
public:
  http_server() : http_server(std::make_unique<httplib::Server>(), "http") {
    // nop
  }

  /// HTTPS. `certificate`: as `certificates::make` returns it.
  explicit http_server(const std::string& certificate)
    : http_server(
      std::make_unique<httplib::SSLServer>((certificate + ".crt").c_str(),
                                           (certificate + ".key").c_str()),
      "https") {
    // nop
  }

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  ~http_server() {
    server_->stop();
    if (thread_.joinable())
      thread_.join();
  }

  /// Routes must be added before `start`.
  httplib::Server& routes() {
    return *server_;
  }

  void start() {
    port_ = server_->bind_to_any_port("127.0.0.1");
    if (port_ < 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    thread_ = std::thread{[this] {
      server_->listen_after_bind();
    }};
    // stop() does nothing before the loop has begun.
    while (!server_->is_running())
      std::this_thread::yield();
  }

  /// URL of a path that begins with a slash.
  std::string url(const std::string& path,
                  const std::string& host = "127.0.0.1") const {
    return scheme_ + "://" + host + ":" + std::to_string(port_) + path;
  }

  int port() const {
    return port_;
  }

private:
  http_server(std::unique_ptr<httplib::Server> server, std::string scheme)
    : server_(std::move(server)), scheme_(std::move(scheme)) {
    // An endless body or an open stream occupies a thread.
    server_->new_task_queue = [] {
      return new httplib::ThreadPool(16);
    };
    // Idle connections delay the end of the test by this time.
    server_->set_keep_alive_timeout(1);
    server_->set_tcp_nodelay(true);
  }

  std::unique_ptr<httplib::Server> server_;
  std::string scheme_;
  int port_ = -1;
  std::thread thread_;
};

} // namespace render::harness
