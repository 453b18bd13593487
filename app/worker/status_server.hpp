#pragma once
// The status port: /healthz (is the process alive), /readyz (does Redis answer
// too), /status (JSON), /metrics (Prometheus). The first two have threads of
// their own and answer within 100 ms whatever else is asked. Read-only; bound
// to loopback unless told otherwise, since it names jobs and GPUs.
#include "actors/account/note.hpp"
#include "messages/failure.hpp"
#include "messages/fleet.hpp"
#include "messages/node.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// JSON text of a status, for /status and for people. Without `names` it leaves
/// out what leads to a GPU: host names and workload ids.
/// `account`: shown with `names` alone.
std::string to_json(const msg::node_status& x, bool names = true,
                    const msg::peers_report* peers = nullptr,
                    const account::sight& account = {});

class status_server {
public:
  struct sources {
    /// Asks the SUPERVISOR. May block: it has a thread of its own.
    std::function<result<msg::node_status>()> status;
    /// Asks Redis. May block too.
    std::function<result<void>()> ready;
    /// Asks PEERS. May block too; empty: the worker has no cluster.
    std::function<result<msg::peers_report>()> peers = {};
    /// The text of /metrics. From any thread.
    std::function<std::string(const msg::node_status&,
                              const msg::peers_report*)>
      metrics = {};
    /// What is known of the account. From any thread.
    std::function<account::sight()> account = {};
    /// Told of each answer, from any thread; see `status_http`.
    std::function<void(std::string_view path, unsigned status, double seconds)>
      served = {};
    /// What /healthz asks, when that is not `status`. May block too.
    std::function<result<void>()> alive = {};
  };

  struct options {
    /// Names that a Host header may have besides the usual ones; "*": any.
    std::vector<std::string> hosts;
    /// A port in use is no failure: the next free one of a hundred is taken.
    bool next_free = false;
  };

  /// Binds at once, so that an address in use stops the start.
  static result<std::unique_ptr<status_server>>
  start(const std::string& address, sources from, options more = {{}, false});

  status_server(const status_server&) = delete;
  status_server& operator=(const status_server&) = delete;
  /// Stops and joins the threads; waits for a question that is under way.
  ~status_server();

  /// The port in use; differs from the address when that has port 0 or was
  /// taken.
  int port() const noexcept {
    return port_;
  }

private:
  struct implementation;
  explicit status_server(std::unique_ptr<implementation> impl);

  std::unique_ptr<implementation> impl_;
  int port_ = 0;
};

/// For --healthcheck: asks /healthz of a worker on this machine.
result<void> check_health(const std::string& address);

} // namespace render
