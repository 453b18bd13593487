#include "actors/io/media/work_pool.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>

namespace render::media {

work_pool::~work_pool() {
  {
    std::lock_guard guard{mutex_};
    closing_ = true;
  }
  cancel("");
  filled_.notify_all();
  // From now on the threads leave both lists alone.
  for (auto* list : {&threads_, &left_})
    for (auto& x : *list)
      x.join();
}

void work_pool::submit(std::string group, task work) {
  {
    std::lock_guard guard{mutex_};
    // What is here has given its last lock back.
    for (auto& x : left_)
      x.join();
    left_.clear();
    waiting_.push_back({std::move(group), std::move(work), {}});
    add_threads();
  }
  filled_.notify_one();
}

// While all places are held, one thread looks out for when that changes; it is
// the one that then takes the task.
void work_pool::add_threads() {
  auto free = threads_.size() - running_.size();
  auto wanted = threads_.size() < limits_.places
                  ? waiting_.size()
                  : std::min<size_t>(waiting_.size(), 1);
  if (free < wanted
      && threads_.size() < std::max(limits_.threads, limits_.places))
    add_thread();
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

bool work_pool::has_surplus() const {
  return threads_.size() > limits_.places;
}

// The youngest tasks hold the places. The next one may begin when the last of
// them that is too many has run for long.
work_pool::clock::time_point work_pool::next_begin() const {
  if (closing_ || running_.size() < limits_.places)
    return clock::time_point::min();
  auto last = std::prev(running_.end(),
                        static_cast<std::ptrdiff_t>(limits_.places));
  return (*last)->begun + limits_.patience;
}

void work_pool::leave() {
  auto self = std::find_if(threads_.begin(), threads_.end(), [](auto& x) {
    return x.get_id() == std::this_thread::get_id();
  });
  left_.splice(left_.end(), threads_, self);
}

void work_pool::run_next(std::unique_lock<std::mutex>& guard) {
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  next.begun = clock::now();
  auto at = running_.insert(running_.end(), &next);
  add_threads();
  if (!waiting_.empty())
    filled_.notify_one();
  guard.unlock();
  next.work(next.stop.get_token());
  guard.lock();
  running_.erase(at);
}

void work_pool::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    if (!waiting_.empty()) {
      if (auto begin = next_begin(); begin <= clock::now())
        run_next(guard);
      else
        filled_.wait_until(guard, begin);
    } else if (closing_) {
      return;
    } else if (!has_surplus()) {
      filled_.wait(guard);
    } else if (filled_.wait_for(guard, limits_.idle_limit)
                 == std::cv_status::timeout
               && waiting_.empty() && !closing_ && has_surplus()) {
      leave();
      return;
    }
  }
}

} // namespace render::media
