#pragma once
// A wait for SIGTERM, SIGINT or the process's own event. Nothing runs inside a
// signal handler.
#include <csignal>

namespace render {

/// Blocks SIGTERM and SIGINT in this thread and the threads that it starts, so
/// it must be made before any thread. Restores nothing: it lives as long as the
/// process.
class signal_waiter {
public:
  enum class event { signal, notified };

  signal_waiter();
  ~signal_waiter();
  signal_waiter(const signal_waiter&) = delete;
  signal_waiter& operator=(const signal_waiter&) = delete;

  /// Waits for a signal or the event, without a limit. Each signal is reported
  /// once.
  event wait();

  /// Wakes `wait`; from any thread.
  void notify();

private:
  int signal_fd_ = -1;
  int event_fd_ = -1;
};

} // namespace render
