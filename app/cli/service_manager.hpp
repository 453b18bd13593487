#pragma once
// Tells the service manager (systemd, Type=notify) how a process does, over the
// socket that NOTIFY_SOCKET names. The protocol is a datagram of lines, so
// libsystemd and what it links are not needed.
#include "messages/failure.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace render::cli {

/// What the environment says of it.
struct service_variables {
  /// NOTIFY_SOCKET; `@` in front: an abstract socket.
  std::optional<std::string> socket;
  /// WATCHDOG_USEC, microseconds.
  std::optional<std::string> watchdog_us;
  /// WATCHDOG_PID: for whom that is.
  std::optional<std::string> watchdog_pid;
};

/// Pure.
struct service_settings {
  /// Empty: nobody wants to know.
  std::string socket;
  /// Without a sign of life for so long, the manager kills the process; 0: it
  /// does not watch.
  std::chrono::microseconds watchdog{};

  friend bool operator==(const service_settings&, const service_settings&)
    = default;
};

/// A variable that makes no sense counts as absent, as in systemd's own
/// `sd_watchdog_enabled`. `own_pid`: of this process.
service_settings read_service_settings(const service_variables& found,
                                       long own_pid);

/// Reads the variables of this process and takes them from its environment, so
/// that no child is taken for it. Before the first thread.
service_settings take_service_settings();

/// Sends lines such as `READY=1`; fails as `unavailable`. Without a socket it
/// does nothing. From any thread.
result<void> tell_manager(const service_settings& where,
                          std::string_view lines);

/// One line of a state; what would begin another line is a blank.
std::string status_line(std::string_view text);

/// An answer of a process that does its work.
struct life_sign {
  /// For people, as `systemctl status` shows it: "takes jobs".
  std::string state;
  /// It has begun to end.
  bool ending = false;
};

/// A thread that asks the process whether it does its work, tells the manager
/// that it is ready after the first answer, and gives a sign of life after each
/// one. No answer, no sign: the manager then kills the process.
class life_teller {
public:
  /// `ask` answers within seconds, and is called from the thread.
  life_teller(service_settings where, std::function<result<life_sign>()> ask);
  life_teller(const life_teller&) = delete;
  life_teller& operator=(const life_teller&) = delete;
  /// Waits for a question that is under way.
  ~life_teller();

  /// The process ends now. Its signs of life are given unasked, since parts of
  /// it are gone: the manager's limit for the stop holds instead.
  void ending();

private:
  void run();
  void look();

  service_settings where_;
  std::function<result<life_sign>()> ask_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  bool done_ = false;
  // Of the thread alone.
  bool ready_ = false;
  std::string told_;
  std::thread thread_;
};

} // namespace render::cli
