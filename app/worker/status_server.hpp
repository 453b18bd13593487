#pragma once
// The status port: /healthz (is the process alive), /readyz (does Redis answer
// too), /status (JSON), /metrics (Prometheus). Read-only; bound to loopback
// unless told otherwise, since it names jobs and GPUs.
#include "messages/failure.hpp"
#include "messages/node.hpp"

#include <functional>
#include <memory>
#include <string>

namespace httplib {
class Server;
}

namespace render {

/// JSON text of a status, for /status and for people.
std::string to_json(const msg::node_status& x);

/// Prometheus text exposition of a status.
std::string to_metrics(const msg::node_status& x);

class status_server {
public:
  struct sources {
    /// Asks the SUPERVISOR; called from the server's threads.
    std::function<result<msg::node_status>()> status;
    /// Asks Redis.
    std::function<result<void>()> ready;
  };

  /// Binds at once, so that an address in use stops the start.
  static result<std::unique_ptr<status_server>>
  start(const std::string& address, sources from);

  status_server(const status_server&) = delete;
  status_server& operator=(const status_server&) = delete;
  /// Stops and joins.
  ~status_server();

  /// The port in use; differs from the address when that said 0.
  int port() const noexcept {
    return port_;
  }

private:
  explicit status_server(sources from);

  struct implementation;
  std::unique_ptr<implementation> impl_;
  int port_ = 0;
};

/// For --healthcheck: asks /healthz of a worker on this machine.
result<void> check_health(const std::string& address);

} // namespace render
