#pragma once
// Threads for handlers, each with a connection to Redis of its own.
#include "app/records/redis.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace render::web {

class pool {
public:
  /// Its commands fail while Redis is away.
  using task = std::function<void(records::redis&)>;

  static constexpr size_t waiting_max = 256;

  pool(records::redis_address where, size_t threads);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  /// Ends with the tasks that run; those that wait are dropped.
  ~pool();

  /// False when too many wait already. From any thread.
  bool add(task x);

private:
  void run();

  records::redis_address where_;
  std::mutex lock_;
  std::condition_variable more_;
  std::deque<task> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

} // namespace render::web
