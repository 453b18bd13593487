#pragma once
// A real HTTPS server on a free port of loopback, for one test. It takes any
// path.
#include <httplib.h>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace render::harness {

class https_server {
public:
  /// `certificate`: as `certificates::make` returns it.
  explicit https_server(const std::string& certificate)
    : server_((certificate + ".crt").c_str(), (certificate + ".key").c_str()) {
    server_.set_keep_alive_timeout(1);
    auto answer = [this](const httplib::Request& x, httplib::Response& out) {
      std::lock_guard guard{mutex_};
      last_body_ = x.body;
      out.set_content("fine", "text/plain");
    };
    server_.Get(".*", answer);
    server_.Post(".*", answer);
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

  https_server(const https_server&) = delete;
  https_server& operator=(const https_server&) = delete;

  ~https_server() {
    server_.stop();
    thread_.join();
  }

  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_) + "/";
  }

  /// Of the last request; empty before the first.
  std::string last_body() const {
    std::lock_guard guard{mutex_};
    return last_body_;
  }

private:
  httplib::SSLServer server_;
  int port_ = -1;
  mutable std::mutex mutex_;
  std::string last_body_;
  std::thread thread_;
};

} // namespace render::harness
