#include "actors/io/files/disk_thread.hpp"

#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace render {

// Outlives the owner while a disk hangs.
struct disk_thread::state {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::deque<std::function<void()>> waiting{};
  bool closing = false;
};

disk_thread::disk_thread() : state_(std::make_shared<state>()) {
  // Not joined: a call to a hanging disk cannot be cancelled.
  std::thread{run, state_}.detach();
}

disk_thread::~disk_thread() {
  std::lock_guard guard{state_->mutex};
  state_->closing = true;
  state_->changed.notify_one();
}

void disk_thread::post(std::function<void()> task) {
  std::lock_guard guard{state_->mutex};
  state_->waiting.push_back(std::move(task));
  state_->changed.notify_one();
}

void disk_thread::run(const std::shared_ptr<state>& x) {
  // Signals are for other threads.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::unique_lock guard{x->mutex};
  for (;;) {
    x->changed.wait(guard, [&] {
      return !x->waiting.empty() || x->closing;
    });
    if (x->waiting.empty())
      return;
    auto task = std::move(x->waiting.front());
    x->waiting.pop_front();
    guard.unlock();
    task();
    // What it holds may be the last handle to something that posts.
    task = nullptr;
    guard.lock();
  }
}

} // namespace render
