#pragma once
// A few threads for work that blocks or computes. Tasks wait in order; each
// can be cancelled by the name of its group, while it waits or runs. A thread
// is made when a task finds none free.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace render::media {

class work_pool {
public:
  using task = std::function<void(std::stop_token)>;

  /// `threads`: at most; at least 1.
  explicit work_pool(size_t threads) : threads_max_(threads) {
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
  struct entry {
    std::string group;
    task work;
    std::stop_source stop;
  };

  void run();
  /// With `mutex_` held.
  void add_thread();

  const size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable filled_;
  bool closing_ = false;
  std::deque<entry> waiting_;
  std::list<entry*> running_;
  std::vector<std::thread> threads_;
};

} // namespace render::media
