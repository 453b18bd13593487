#pragma once
// A few threads for work that blocks or computes. Tasks begin in order; each
// can be cancelled by the name of its group, while it waits or runs. A task
// that has run for long holds no place any more: what huge and hanging files
// cost is a thread, and not the turn of others. A thread is made when a task
// finds none free.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace render::media {

struct pool_limits {
  /// Tasks at once that have run for less than `patience`; at least 1.
  size_t places = 3;
  /// Tasks at once in all, and threads.
  size_t threads = 8;
  std::chrono::milliseconds patience{1'000};
  /// A thread beyond `places` ends after this time without work.
  std::chrono::milliseconds idle_limit{10'000};
};

class work_pool {
public:
  using task = std::function<void(std::stop_token)>;

  explicit work_pool(pool_limits limits) : limits_(limits) {
    // nop
  }

  work_pool(const work_pool&) = delete;
  work_pool& operator=(const work_pool&) = delete;
  /// Cancels everything and joins.
  ~work_pool();

  /// Every task is run exactly once; a cancelled task sees the stop on its
  /// token.
  void submit(std::string group, task work);

  /// Cancels all tasks whose group begins with `group`.
  void cancel(const std::string& group);

private:
  using clock = std::chrono::steady_clock;

  struct entry {
    std::string group;
    task work;
    std::stop_source stop;
    clock::time_point begun{};
  };

  void run();

  // All with `mutex_` held.
  void run_next(std::unique_lock<std::mutex>& guard);
  void add_threads();
  void add_thread();
  bool has_surplus() const;
  clock::time_point next_begin() const;
  void leave();

  const pool_limits limits_;
  std::mutex mutex_;
  std::condition_variable filled_;
  bool closing_ = false;
  std::deque<entry> waiting_;
  /// The longest first.
  std::list<entry*> running_;
  std::list<std::thread> threads_;
  /// Have ended, and are to be joined.
  std::list<std::thread> left_;
};

} // namespace render::media
