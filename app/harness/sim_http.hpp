#pragma once
// The web of a simulated fleet: servers in memory, by host name, and the HTTP
// actor of each worker. Answers come at virtual times, the limits of a request
// apply, and the network between a worker and a host can be cut.
#include "app/harness/virtual_time.hpp"
#include "messages/io_actors.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace render::harness {

class sim_web;

/// One request as seen by its server. Answered once, or never.
class sim_exchange : public std::enable_shared_from_this<sim_exchange> {
public:
  sim_exchange(sim_web& web, uint64_t client, http_request request);

  const http_request request;
  const uint64_t client;

  /// The path with the query, "/" at least; and the host.
  std::string_view path() const noexcept {
    return path_;
  }
  std::string_view host() const noexcept {
    return host_;
  }

  bool open() const noexcept {
    return static_cast<bool>(done_);
  }

  /// The whole answer, after `delay`.
  void respond(virtual_duration delay, int32_t status, std::string type,
               std::string body);
  void json(virtual_duration delay, std::string body) {
    respond(delay, 200, "application/json", std::move(body));
  }
  /// A body that goes to a file: only its length is given.
  void file(virtual_duration delay, std::string type, uint64_t bytes);
  /// A proxy's page.
  void page(virtual_duration delay, int32_t status);
  /// The connection breaks after the request was read.
  void reset(virtual_duration delay);
  /// Never answers.
  void hang();
  /// Sends a piece of a streamed body now. `finish_stream` ends the body.
  void piece(std::string bytes);
  void finish_stream(const std::string& type);

  /// Called when the client hangs up, gives up, or dies.
  std::function<void()> on_closed;

private:
  friend class sim_web;
  using done = std::function<void(result<http_response>)>;

  void finish(result<http_response> x);
  void finish_after(virtual_duration delay,
                    std::function<result<http_response>()> make);
  failure no_answer(const std::string& why) const;
  void watch_stall();
  void close();

  sim_web& web_;
  std::string_view host_;
  std::string_view path_;
  virtual_duration started_{0};
  virtual_duration last_byte_{0};
  done done_;
  std::function<void(std::string)> piece_;
};

using exchange_ptr = std::shared_ptr<sim_exchange>;

class sim_web {
public:
  using server = std::function<void(const exchange_ptr&)>;

  sim_web(virtual_time& time, uint64_t seed);

  /// "host" or "host:port" of the URLs.
  void serve(const std::string& host, server x) {
    servers_.insert_or_assign(host, std::move(x));
  }
  void remove(const std::string& host) {
    servers_.erase(host);
  }

  /// Drops packets between this client and this host.
  void cut(uint64_t client, const std::string& host, bool is_cut);
  /// Look-ups of this host by this client get no answer. Client 0: all clients;
  /// `any_host`: all hosts. A request waits as long as the real HTTP actor
  /// does, then fails.
  static constexpr const char* any_host = "*";
  void hang_look_ups(uint64_t client, const std::string& host, bool hang);
  /// When `cut` or `hang_look_ups` last kept this client from this host.
  virtual_duration kept_off_at(uint64_t client, const std::string& host) const;
  /// Called when the client's process is dead.
  void drop(uint64_t client);

  /// Spawns the HTTP actor of a worker.
  http_actor spawn_client(uint64_t client);

  virtual_time& time() noexcept {
    return time_;
  }
  dice& random() noexcept {
    return dice_;
  }

  size_t open() const noexcept {
    return open_.size();
  }
  uint64_t requests() const noexcept {
    return last_;
  }
  /// Latency from a client to a host, drawn for each request.
  struct latency_range {
    double low_s = 0.001;
    double high_s = 0.005;
  };
  latency_range latency;

  /// For tests that check when a request was sent.
  std::function<void(const sim_exchange&)> on_request;

  /// Is there no room for a body that goes to a file?
  std::function<bool(uint64_t client)> disk_is_full;

  // For the HTTP actors.
  uint64_t begin(uint64_t client, const http_request& x,
                 sim_exchange::done done,
                 std::function<void(std::string)> piece);
  void cancel(uint64_t client, const std::string& group);

private:
  friend class sim_exchange;
  void route(const exchange_ptr& x);
  using way = std::pair<uint64_t, std::string>;
  static bool has(const std::set<way>& ways, uint64_t client,
                  std::string_view host);
  void set(std::set<way>& ways, way which, bool on);

  virtual_time& time_;
  dice dice_;
  std::unordered_map<std::string, server> servers_;
  std::set<way> cut_;
  std::set<way> hung_;
  /// When the last cut or hang of this way ended.
  std::map<way, virtual_duration> mended_;
  /// Ordered by number for each client, so that no order depends on addresses.
  std::map<uint64_t, std::map<uint64_t, exchange_ptr>> open_by_client_;
  std::map<uint64_t, uint64_t> open_; // exchange → client
  std::set<uint64_t> dead_;
  uint64_t last_ = 0;
};

} // namespace render::harness
