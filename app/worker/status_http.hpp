#pragma once
// A small HTTP server for requests without a body: two threads, and limits on
// all that a client can make it store or wait for. One thread accepts and gives
// the quick answers; questions of `back_paths` and their connections go to the
// other. Knows no paths.
#include "app/worker/status_address.hpp"
#include "messages/failure.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace render {

struct http_answer {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class status_http {
public:
  using reply = std::function<void(http_answer)>;
  /// Called on a thread of the server with a path, perhaps on both at the same
  /// time; must return soon. The reply is called once, then or later, from any
  /// thread, while the server lives.
  using handler = std::function<void(std::string_view path, reply)>;

  struct settings {
    std::string host;
    int port = 0;
    /// How many ports after `port` are tried when it is in use.
    int more_ports = 0;
    /// See `is_our_host`.
    std::vector<std::string> hosts;
    /// Paths whose answers are big or late.
    std::set<std::string> back_paths = {};
    /// Told of each answer, on a thread of the server: path (empty: of a
    /// request that was refused), status, seconds since the question.
    std::function<void(std::string_view path, unsigned status, double seconds)>
      served = {};
  };

  /// Opens the port. A failure is `unavailable` and names no setting.
  static result<std::unique_ptr<status_http>> listen(settings how);

  status_http(const status_http&) = delete;
  status_http& operator=(const status_http&) = delete;
  ~status_http();

  /// Starts the threads. Call once.
  void serve(handler answer);

  int port() const noexcept;
  bool on_loopback() const noexcept;

  /// Runs `task` on the thread of the quick answers after `delay`.
  void later(std::chrono::milliseconds delay, std::function<void()> task);

private:
  struct implementation;
  explicit status_http(std::unique_ptr<implementation> impl);

  std::unique_ptr<implementation> impl_;
};

} // namespace render
