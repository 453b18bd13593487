#include "app/web/pool.hpp"

namespace render::web {

pool::pool(records::redis_address where, size_t threads)
  : where_(std::move(where)) {
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] {
      run();
    });
}

pool::~pool() {
  {
    std::lock_guard guard{lock_};
    stopping_ = true;
    waiting_.clear();
  }
  more_.notify_all();
  for (auto& x : threads_)
    x.join();
}

bool pool::add(task x) {
  {
    std::lock_guard guard{lock_};
    if (waiting_.size() >= waiting_max)
      return false;
    waiting_.push_back(std::move(x));
  }
  more_.notify_one();
  return true;
}

void pool::run() {
  auto db = records::redis::later(where_, records::service_bounds);
  for (;;) {
    task next;
    {
      std::unique_lock guard{lock_};
      more_.wait(guard, [this] {
        return stopping_ || !waiting_.empty();
      });
      if (stopping_)
        return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      next(db);
    } catch (const std::exception&) {
      // The task's own matter. The worker, with its GPUs, goes on.
    }
  }
}

} // namespace render::web
