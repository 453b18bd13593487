#include "app/node/line_queue.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace render {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int poll_ms = 50;

} // namespace

// Outlives the queue while its thread hangs in a write, which other writers of
// the same pipe can bring about.
struct line_queue::shared {
  int handle = -1;
  options how;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable ended;
  std::deque<std::string> lines;
  uint64_t dropped = 0;
  /// Of `dropped`, those that nobody has been told of.
  uint64_t untold = 0;
  bool stopping = false;
  bool done = false;
  clock::time_point last_moment;

  bool given_up() const {
    std::lock_guard guard{mutex};
    return stopping && clock::now() >= last_moment;
  }

  /// A pipe that polls as writable takes PIPE_BUF bytes without waiting.
  void write(const std::string& text) const {
    size_t at = 0;
    while (at < text.size()) {
      pollfd look{handle, POLLOUT, 0};
      auto ready = ::poll(&look, 1, poll_ms);
      if (ready < 0 && errno != EINTR)
        return;
      if (ready <= 0) {
        if (given_up())
          return;
        continue;
      }
      auto size = std::min<size_t>(text.size() - at, PIPE_BUF);
      auto got = ::write(handle, text.data() + at, size);
      if (got < 0 && errno != EINTR && errno != EAGAIN)
        return;
      if (got > 0)
        at += static_cast<size_t>(got);
    }
  }

  void run() {
    std::unique_lock guard{mutex};
    for (;;) {
      wake.wait(guard, [this] {
        return stopping || !lines.empty();
      });
      if (lines.empty() || (stopping && clock::now() >= last_moment))
        break;
      auto missing = std::exchange(untold, 0);
      auto line = std::move(lines.front());
      lines.pop_front();
      guard.unlock();
      if (missing > 0 && how.lost_line)
        write(how.lost_line(missing));
      write(line);
      guard.lock();
    }
    done = true;
    ended.notify_all();
  }
};

line_queue::line_queue(int handle, options how)
  : shared_(std::make_shared<shared>()) {
  shared_->handle = handle;
  shared_->how = std::move(how);
  std::thread{[x = shared_] {
    x->run();
  }}.detach();
}

line_queue::~line_queue() {
  auto& x = *shared_;
  std::unique_lock guard{x.mutex};
  x.stopping = true;
  x.last_moment = clock::now() + std::chrono::milliseconds{x.how.last_wait_ms};
  x.wake.notify_all();
  x.ended.wait_until(
    guard, x.last_moment + 4 * std::chrono::milliseconds{poll_ms}, [&x] {
      return x.done;
    });
}

void line_queue::push(std::string line) {
  auto& x = *shared_;
  {
    std::lock_guard guard{x.mutex};
    if (x.lines.size() >= x.how.lines_max) {
      x.lines.pop_front();
      ++x.dropped;
      ++x.untold;
    }
    x.lines.push_back(std::move(line));
  }
  x.wake.notify_one();
}

uint64_t line_queue::dropped() const {
  std::lock_guard guard{shared_->mutex};
  return shared_->dropped;
}

} // namespace render
