#pragma once
// One Redis for a simulated fleet, and the links of its clients: latency from
// the seed, connections that break, a server that restarts, fails over, forgets
// everything, or is cut off from some clients.
#include "actors/io/redis/link/link.hpp"
#include "app/harness/memory_redis.hpp"
#include "app/harness/virtual_time.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>

namespace render::harness {

class sim_redis_link;

class sim_redis {
public:
  sim_redis(virtual_time& time, uint64_t seed);

  memory_redis& server() noexcept {
    return server_;
  }

  /// Latency of one way, drawn for each message.
  struct latency_range {
    double low_s = 0.0002;
    double high_s = 0.001;
  };
  latency_range latency;

  /// For the JOB STORE of worker `client`.
  job_store::link_factory links_of(uint64_t client);

  /// The process dies: all connections break, and new ones are refused.
  void crash();
  /// Starts the process again, with the data that `server()` was given.
  void start();

  /// Drops messages between the server and this client.
  void cut(uint64_t client, bool is_cut);

  /// When this client could last not rely on Redis: it was down, slow, refused
  /// writes, or could not be reached.
  virtual_duration troubled_at(uint64_t client) const;

  /// Called when the client's process is dead: its messages under way are lost.
  void drop(uint64_t client);

  /// Runs a command of a producer or a front end, without latency.
  job_store::reply run(const std::vector<std::string>& command) {
    return server_.run(command);
  }

private:
  friend class sim_redis_link;

  virtual_duration trip() {
    return dice_.duration(latency.low_s, latency.high_s);
  }

  bool reachable(uint64_t client) const {
    return up_ && !cut_.contains(client);
  }

  virtual_time& time_;
  memory_redis server_;
  dice dice_;
  bool up_ = true;
  std::set<uint64_t> cut_;
  /// When the last trouble of a client ended; client 0: of all clients.
  std::map<uint64_t, virtual_duration> mended_;
  std::set<sim_redis_link*> links_;
};

} // namespace render::harness
