#pragma once
// The HTTP service on a port: one loop for the network, a pool for handlers, a
// thread that follows what changes. Limits on everything that a client can make
// it store or wait for.
#include "app/records/redis.hpp"
#include "app/web/events.hpp"
#include "app/web/gate.hpp"
#include "messages/failure.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace render::web {

struct server_limits {
  size_t connections = 1'400;
  uint32_t header_bytes = 16u << 10;
  uint64_t body_bytes = 1u << 20;
  uint64_t upload_bytes = 200u << 20;
  /// For a whole head, and for a whole body that is no upload.
  std::chrono::seconds request{10};
  /// For each piece of an upload, and of an answer.
  std::chrono::seconds piece{10};
  /// For a whole upload.
  std::chrono::seconds upload{600};
  /// Between two requests.
  std::chrono::seconds idle{30};
  /// Between two signs of life of a stream.
  std::chrono::milliseconds pulse{15'000};
  /// Time that a client gets for a request whose job it waits for.
  std::chrono::seconds wait_most{600};
};

struct server_options {
  std::string host;
  int port = 0;
  /// How many ports after `port` are tried when it is in use.
  int more_ports = 0;
  records::redis_address redis;
  size_t threads = 4;
  /// Where uploads arrive; exists.
  std::string upload_folder;
  server_limits limits;
  /// Addresses of proxies whose X-Forwarded-For is believed.
  std::vector<std::string> proxies;
};

class server {
public:
  struct hooks {
    /// One line for each action: who did what, from where, and how it ended.
    std::function<void(const std::string&)> audit;
    /// For streams of jobs, see `event_tail::hooks`.
    std::function<result<event_tail::state>(records::redis&,
                                            const std::string&)>
      look;
    std::function<result<std::vector<std::string>>(
      records::redis&, const std::vector<std::string>&)>
      gists;
    /// Called on the pool about once a minute.
    std::function<void(records::redis&)> each_minute;
    /// A finished request: its route's pattern, status and seconds. From the
    /// loop's thread.
    std::function<void(std::string_view, unsigned, double)> served;
  };

  /// Opens the port. `checks` is used from the loop's thread and outlives the
  /// server.
  static result<std::unique_ptr<server>> listen(server_options how,
                                                gate& checks, hooks to);

  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Ends all connections; waits for handlers that run.
  ~server();

  /// Call once.
  void serve();

  int port() const noexcept;
  bool on_loopback() const noexcept;

private:
  struct implementation;
  explicit server(std::unique_ptr<implementation> impl);

  std::unique_ptr<implementation> impl_;
};

} // namespace render::web
