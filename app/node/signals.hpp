#pragma once
// SIGTERM and SIGINT as something one can wait for, together with an event of
// our own. Nothing runs inside a signal handler.
#include <csignal>

namespace render {

/// Blocks SIGTERM and SIGINT in this thread and all that it starts; make one
/// before any thread. Restores nothing: it lives as long as the process.
class signal_waiter {
public:
  enum class event { signal, notified };

  signal_waiter();
  ~signal_waiter();
  signal_waiter(const signal_waiter&) = delete;
  signal_waiter& operator=(const signal_waiter&) = delete;

  /// Waits for either, for ever. A signal is reported once each time it comes.
  event wait();

  /// Wakes `wait`; from any thread.
  void notify();

private:
  int signal_fd_ = -1;
  int event_fd_ = -1;
};

} // namespace render
