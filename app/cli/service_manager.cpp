#include "app/cli/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace render::cli {

namespace {

using namespace std::chrono_literals;

/// While the process starts, and where nobody watches.
constexpr std::chrono::microseconds look_often = 250ms;
constexpr std::chrono::microseconds look_seldom = 10s;

std::optional<int64_t> whole(const std::optional<std::string>& x) {
  int64_t out = 0;
  if (!x || x->empty())
    return std::nullopt;
  auto* end = x->data() + x->size();
  auto [at, error] = std::from_chars(x->data(), end, out);
  return error == std::errc{} && at == end ? std::optional{out} : std::nullopt;
}

std::optional<std::string> take(const char* name) {
  auto* found = std::getenv(name);
  if (!found)
    return std::nullopt;
  std::string out{found};
  unsetenv(name);
  return out;
}

} // namespace

service_settings read_service_settings(const service_variables& found,
                                       long own_pid) {
  service_settings out;
  auto& socket = found.socket;
  sockaddr_un address;
  if (!socket || socket->size() < 2 || socket->size() >= sizeof address.sun_path
      || (socket->front() != '/' && socket->front() != '@'))
    return out;
  out.socket = *socket;
  auto period = whole(found.watchdog_us);
  auto meant = !found.watchdog_pid || whole(found.watchdog_pid) == own_pid;
  if (period && *period > 0 && meant)
    out.watchdog = std::chrono::microseconds{*period};
  return out;
}

service_settings take_service_settings() {
  service_variables found{take("NOTIFY_SOCKET"), take("WATCHDOG_USEC"),
                          take("WATCHDOG_PID")};
  return read_service_settings(found, getpid());
}

result<void> tell_manager(const service_settings& where,
                          std::string_view lines) {
  if (where.socket.empty())
    return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, where.socket.data(), where.socket.size());
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path)
                                       + where.socket.size());
  if (address.sun_path[0] == '@')
    address.sun_path[0] = '\0';
  auto from = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto sent = from < 0
                ? -1
                : sendto(from, lines.data(), lines.size(),
                         MSG_NOSIGNAL | MSG_DONTWAIT,
                         reinterpret_cast<const sockaddr*>(&address), length);
  auto why = errno;
  if (from >= 0)
    close(from);
  if (sent != static_cast<ssize_t>(lines.size()))
    return fail(failure_kind::unavailable,
                std::string{"the service manager cannot be told: "}
                  + std::strerror(why));
  return {};
}

std::string status_line(std::string_view text) {
  std::string out{"STATUS="};
  out += text;
  std::replace_if(
    out.begin(), out.end(),
    [](unsigned char c) {
      return c < ' ';
    },
    ' ');
  return out;
}

life_teller::life_teller(service_settings where,
                         std::function<result<life_sign>()> ask)
  : where_(std::move(where)), ask_(std::move(ask)) {
  if (!where_.socket.empty())
    thread_ = std::thread{[this] {
      run();
    }};
}

life_teller::~life_teller() {
  {
    std::lock_guard guard{mutex_};
    done_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void life_teller::ending() {
  {
    std::lock_guard guard{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
}

void life_teller::run() {
  // A failure to tell is not told: there is nobody else to tell it to.
  auto tell_end = [this, told = false](const char* more) mutable {
    if (!told)
      (void)tell_manager(where_, "STOPPING=1\nSTATUS=ending\nWATCHDOG=1");
    else if (*more)
      (void)tell_manager(where_, more);
    told = true;
  };
  // Three looks a period: one that comes late is no death.
  auto pause = where_.watchdog > 0us
                 ? std::min(where_.watchdog / 3, look_seldom)
                 : look_seldom;
  auto was_ending = false;
  std::unique_lock guard{mutex_};
  while (!done_) {
    was_ending = ending_;
    if (ending_) {
      tell_end("WATCHDOG=1");
    } else {
      guard.unlock();
      look();
      guard.lock();
    }
    changed_.wait_for(guard, ready_ ? pause : std::min(pause, look_often), [&] {
      return done_ || ending_ != was_ending;
    });
  }
  // Also of an end that is quicker than this thread.
  tell_end("");
}

void life_teller::look() {
  auto answer = ask_();
  if (answer && answer->ending) {
    ending();
    return;
  }
  auto now = status_line(answer ? answer->state : answer.error().message);
  std::string lines;
  if (answer && !ready_)
    lines += "READY=1\n";
  if (answer)
    lines += "WATCHDOG=1\n";
  if (now != told_)
    lines += now;
  if (lines.empty())
    return;
  if (auto ok = tell_manager(where_, lines); !ok)
    return;
  ready_ = ready_ || answer.has_value();
  told_ = now;
}

} // namespace render::cli
