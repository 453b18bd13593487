#include "actors/io/media/work_pool.hpp"

#include <system_error>

namespace render::media {

work_pool::~work_pool() {
  {
    std::lock_guard guard{mutex_};
    closing_ = true;
  }
  cancel("");
  filled_.notify_all();
  for (auto& x : threads_)
    x.join();
}

void work_pool::submit(std::string group, task work) {
  {
    std::lock_guard guard{mutex_};
    waiting_.push_back({std::move(group), std::move(work), {}});
    if (waiting_.size() + running_.size() > threads_.size()
        && threads_.size() < threads_max_)
      add_thread();
  }
  filled_.notify_one();
}

// Where no thread can be had, one that works takes the task later.
void work_pool::add_thread() {
  try {
    threads_.emplace_back([this] {
      run();
    });
  } catch (const std::system_error&) {
    if (!threads_.empty())
      return;
    waiting_.pop_back();
    throw;
  }
}

void work_pool::cancel(const std::string& group) {
  std::lock_guard guard{mutex_};
  for (auto& x : waiting_)
    if (x.group.starts_with(group))
      x.stop.request_stop();
  for (auto* x : running_)
    if (x->group.starts_with(group))
      x->stop.request_stop();
}

void work_pool::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    filled_.wait(guard, [this] {
      return closing_ || !waiting_.empty();
    });
    if (waiting_.empty())
      return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    auto at = running_.insert(running_.end(), &next);
    guard.unlock();
    next.work(next.stop.get_token());
    guard.lock();
    running_.erase(at);
  }
}

} // namespace render::media
