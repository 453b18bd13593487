#pragma once
// A real HTTP server on a free port of loopback, for one test.
#include <httplib.h>

#include <stdexcept>
#include <string>
#include <thread>

namespace render::harness {

class http_server {
public:
  http_server() {
    // An endless body or an open stream occupies a thread.
    server_.new_task_queue = [] {
      return new httplib::ThreadPool(16);
    };
    // Idle connections delay the end of the test by this time.
    server_.set_keep_alive_timeout(1);
    server_.set_tcp_nodelay(true);
  }

  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  ~http_server() {
    server_.stop();
    if (thread_.joinable())
      thread_.join();
  }

  /// Routes must be added before `start`.
  httplib::Server& routes() {
    return server_;
  }

  void start() {
    port_ = server_.bind_to_any_port("127.0.0.1");
    if (port_ < 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    thread_ = std::thread{[this] {
      server_.listen_after_bind();
    }};
    // stop() does nothing before the loop has begun.
    while (!server_.is_running())
      std::this_thread::yield();
  }

  /// URL of a path that begins with a slash.
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  int port() const {
    return port_;
  }

private:
  httplib::Server server_;
  int port_ = -1;
  std::thread thread_;
};

} // namespace render::harness
