#include "app/node/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace render {

signal_waiter::signal_waiter() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A receiver that hangs up must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC);
  event_fd_ = eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || event_fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
}

signal_waiter::~signal_waiter() {
  close(signal_fd_);
  close(event_fd_);
}

signal_waiter::event signal_waiter::wait() {
  pollfd fds[] = {{event_fd_, POLLIN, 0}, {signal_fd_, POLLIN, 0}};
  for (;;) {
    if (poll(fds, 2, -1) < 0) {
      if (errno == EINTR)
        continue;
      throw std::system_error{errno, std::generic_category(), "poll"};
    }
    if (fds[0].revents != 0) {
      uint64_t count = 0;
      if (read(event_fd_, &count, sizeof(count)) == sizeof(count))
        return event::notified;
    }
    if (fds[1].revents != 0) {
      signalfd_siginfo info{};
      if (read(signal_fd_, &info, sizeof(info)) == sizeof(info))
        return event::signal;
    }
  }
}

void signal_waiter::notify() {
  uint64_t one = 1;
  // Cannot fail unless the counter is at 2^64 - 2.
  [[maybe_unused]] auto written = write(event_fd_, &one, sizeof(one));
}

} // namespace render
