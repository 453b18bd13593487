#include "actors/io/http/file_writer.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace render {

namespace {

/// Bytes that may wait for the disk.
constexpr size_t room = 1u << 20;

/// 0 or an errno.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

} // namespace

// Outlives the writer while a disk hangs.
struct file_writer::state {
  const std::string path;
  const std::function<void()> moved;
  std::mutex mutex{};
  std::condition_variable changed{};
  std::string waiting{};
  /// `has_room` was answered with no.
  bool room_wanted = false;
  bool closing = false;
  bool abandoned = false;
  bool kept = false;
  std::optional<int> outcome{};
};

file_writer::file_writer(std::string path, std::function<void()> moved)
  : state_(new state{std::move(path), std::move(moved)}) {
  // The thread is not joined: a write to a hanging disk cannot be cancelled.
  try {
    std::thread{run, state_}.detach();
  } catch (const std::system_error&) {
    // Without a thread the file cannot be written: the machine lacks memory.
    state_->outcome = ENOMEM;
  }
}

file_writer::~file_writer() {
  abandon();
}

void file_writer::abandon() {
  auto& x = *state_;
  std::unique_lock guard{x.mutex};
  if (std::exchange(x.abandoned, true))
    return;
  x.changed.notify_one();
  if (x.outcome == 0 && !x.kept)
    ::unlink(x.path.c_str());
}

bool file_writer::has_room() const {
  std::lock_guard guard{state_->mutex};
  auto out = state_->waiting.size() < room;
  state_->room_wanted = state_->room_wanted || !out;
  return out;
}

void file_writer::write(std::string_view bytes) {
  std::lock_guard guard{state_->mutex};
  state_->waiting.append(bytes);
  state_->changed.notify_one();
}

void file_writer::close() {
  std::lock_guard guard{state_->mutex};
  state_->closing = true;
  state_->changed.notify_one();
}

std::optional<int> file_writer::outcome() const {
  std::lock_guard guard{state_->mutex};
  return state_->outcome;
}

void file_writer::keep() {
  std::lock_guard guard{state_->mutex};
  state_->kept = true;
}

void file_writer::run(const std::shared_ptr<state>& x) {
  // Signals are for other threads, and a pipe without a reader is to give
  // EPIPE.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  auto fd = ::open(x->path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   0666);
  auto failed = fd < 0 ? errno : 0;
  std::unique_lock guard{x->mutex};
  while (failed == 0) {
    x->changed.wait(guard, [&] {
      return !x->waiting.empty() || x->closing || x->abandoned;
    });
    if (x->abandoned || x->waiting.empty())
      break;
    auto bytes = std::exchange(x->waiting, {});
    auto wanted = std::exchange(x->room_wanted, false);
    guard.unlock();
    if (wanted)
      x->moved();
    failed = write_all(fd, bytes);
    guard.lock();
  }
  guard.unlock();
  if (fd >= 0 && ::close(fd) != 0 && failed == 0)
    failed = errno;
  guard.lock();
  if (fd >= 0 && (failed != 0 || x->abandoned))
    ::unlink(x->path.c_str());
  x->outcome = x->abandoned && failed == 0 ? ECANCELED : failed;
  guard.unlock();
  x->moved();
}

} // namespace render
