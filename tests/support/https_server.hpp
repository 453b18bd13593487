#pragma once
// A real HTTPS server on a free port of loopback, for one test. It takes any
// path.
#include "tests/support/http_server.hpp"

#include <mutex>
#include <string>

namespace render::harness {

class https_server {
public:
  /// `certificate`: as `certificates::make` returns it.
  explicit https_server(const std::string& certificate) : server_(certificate) {
    auto answer = [this](const httplib::Request& x, httplib::Response& out) {
      std::lock_guard guard{mutex_};
      last_body_ = x.body;
      out.set_content("fine", "text/plain");
    };
    server_.routes().Get(".*", answer);
    server_.routes().Post(".*", answer);
    server_.start();
  }

  std::string url(const std::string& host = "127.0.0.1") const {
    return server_.url("/", host);
  }

  /// Of the last request; empty before the first.
  std::string last_body() const {
    std::lock_guard guard{mutex_};
    return last_body_;
  }

private:
  mutable std::mutex mutex_;
  std::string last_body_;
  // Stops before what its answers use goes.
  http_server server_;
};

} // namespace render::harness
