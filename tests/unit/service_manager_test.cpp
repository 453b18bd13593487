// What systemd is told, received over real sockets.
#include "app/cli/service_manager.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace render;
using namespace render::cli;
using namespace std::chrono_literals;

namespace {

/// The manager's end.
class manager {
public:
  explicit manager(const std::string& path) : name_(path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@')
      address.sun_path[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto length
      = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    BOOST_REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), length)
                  == 0);
  }

  manager(const manager&) = delete;
  manager& operator=(const manager&) = delete;

  ~manager() {
    close(socket_);
  }

  service_settings settings(std::chrono::microseconds watchdog = 0us) const {
    return {name_, watchdog};
  }

  /// The next message; empty when none comes in time.
  std::string next(std::chrono::milliseconds limit = 5s) {
    pollfd wait{socket_, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(limit.count())) != 1)
      return {};
    char text[1024];
    auto size = recv(socket_, text, sizeof text, 0);
    return {text, static_cast<size_t>(std::max<ssize_t>(size, 0))};
  }

private:
  std::string name_;
  int socket_ = -1;
};

service_settings read(std::optional<std::string> socket,
                      std::optional<std::string> period = {},
                      std::optional<std::string> pid = {}) {
  return read_service_settings({socket, period, pid}, 77);
}

result<life_sign> none() {
  return fail(failure_kind::unavailable, "the worker is still starting");
}

} // namespace

BOOST_AUTO_TEST_SUITE(service_manager)

BOOST_AUTO_TEST_CASE(nobody_wants_to_know_without_a_socket) {
  BOOST_TEST((read({}) == service_settings{}));
  BOOST_TEST((read({}, "30000000") == service_settings{}));
  for (auto* odd : {"", "/", "@", "run/x", "tcp:1"})
    BOOST_TEST((read(odd, "30000000") == service_settings{}), odd);
  BOOST_TEST((read("/" + std::string(107, 'x')) == service_settings{}));
}

BOOST_AUTO_TEST_CASE(a_watchdog_counts_when_it_is_meant_for_this_process) {
  BOOST_TEST((read("/run/x") == service_settings{"/run/x", 0us}));
  BOOST_TEST((read("@x", "30000000") == service_settings{"@x", 30s}));
  BOOST_TEST((read("@x", "30000000", "77") == service_settings{"@x", 30s}));
  for (auto* other : {"78", "", "7", "77x"})
    BOOST_TEST((read("@x", "30000000", other) == service_settings{"@x", 0us}),
               other);
  for (auto* odd : {"", "0", "-5", "soon", "30s"})
    BOOST_TEST((read("@x", odd) == service_settings{"@x", 0us}), odd);
}

BOOST_AUTO_TEST_CASE(no_child_inherits_the_variables) {
  setenv("NOTIFY_SOCKET", "/run/x", 1);
  setenv("WATCHDOG_USEC", "5000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  BOOST_TEST((take_service_settings() == service_settings{"/run/x", 5s}));
  for (auto* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    BOOST_TEST(std::getenv(name) == nullptr, name);
  BOOST_TEST((take_service_settings() == service_settings{}));
}

BOOST_AUTO_TEST_CASE(both_kinds_of_sockets_are_told) {
  harness::temp_folder folder;
  for (auto& name :
       {folder.path("s"), "@c3-notify-test-" + std::to_string(getpid())}) {
    manager there{name};
    BOOST_TEST(tell_manager(there.settings(), "READY=1").has_value());
    BOOST_TEST(there.next() == "READY=1");
  }
  BOOST_TEST(tell_manager({}, "READY=1").has_value());
  auto gone = tell_manager({folder.path("none"), 0us}, "READY=1");
  BOOST_REQUIRE(!gone);
  BOOST_TEST((gone.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(a_state_is_one_line) {
  BOOST_TEST(status_line("takes jobs") == "STATUS=takes jobs");
  BOOST_TEST(status_line("a\nREADY=1\rb\tc") == "STATUS=a READY=1 b c");
}

BOOST_AUTO_TEST_CASE(ready_is_told_once_and_not_before_an_answer) {
  harness::temp_folder folder;
  manager there{folder.path("s")};
  std::atomic<bool> starting{true};
  life_teller teller{there.settings(90ms), [&]() -> result<life_sign> {
                       return starting ? none()
                                       : result<life_sign>{life_sign{"works"}};
                     }};
  BOOST_TEST(there.next() == "STATUS=the worker is still starting");
  BOOST_TEST(there.next(200ms) == "");
  starting = false;
  BOOST_TEST(there.next() == "READY=1\nWATCHDOG=1\nSTATUS=works");
  for (auto i = 0; i < 3; ++i)
    BOOST_TEST(there.next() == "WATCHDOG=1\n");
}

BOOST_AUTO_TEST_CASE(no_sign_of_life_is_given_for_one_that_hangs) {
  harness::temp_folder folder;
  manager there{folder.path("s")};
  std::atomic<bool> hangs{false};
  life_teller teller{there.settings(60ms), [&]() -> result<life_sign> {
                       return hangs ? none()
                                    : result<life_sign>{life_sign{"works"}};
                     }};
  BOOST_TEST(there.next().starts_with("READY=1"));
  hangs = true;
  auto last = there.next();
  while (last == "WATCHDOG=1\n")
    last = there.next();
  BOOST_TEST(last == "STATUS=the worker is still starting");
  BOOST_TEST(there.next(200ms) == "");
  hangs = false;
  BOOST_TEST(there.next() == "WATCHDOG=1\nSTATUS=works");
}

BOOST_AUTO_TEST_CASE(an_end_is_told_and_then_nothing_is_asked) {
  harness::temp_folder folder;
  manager there{folder.path("s")};
  std::atomic<int> asked{0};
  life_teller teller{there.settings(60ms), [&]() -> result<life_sign> {
                       ++asked;
                       return life_sign{"works"};
                     }};
  BOOST_TEST(there.next().starts_with("READY=1"));
  teller.ending();
  auto last = there.next();
  while (last == "WATCHDOG=1\n")
    last = there.next();
  BOOST_TEST(last == "STOPPING=1\nSTATUS=ending\nWATCHDOG=1");
  auto before = asked.load();
  for (auto i = 0; i < 3; ++i)
    BOOST_TEST(there.next() == "WATCHDOG=1");
  BOOST_TEST(asked == before);
}

BOOST_AUTO_TEST_CASE(an_end_that_is_quick_is_told_as_well) {
  harness::temp_folder folder;
  manager there{folder.path("s")};
  for (auto told_before : {true, false})
    for (auto i = 0; i < 20; ++i) {
      {
        life_teller teller{there.settings(60s), [&]() -> result<life_sign> {
                             return life_sign{"works"};
                           }};
        BOOST_TEST(there.next().starts_with("READY=1"));
        if (told_before)
          teller.ending();
      }
      BOOST_TEST(there.next().starts_with("STOPPING=1\n"));
      BOOST_TEST(there.next(0ms) == "");
    }
}

BOOST_AUTO_TEST_CASE(one_that_says_that_it_ends_is_asked_no_more) {
  harness::temp_folder folder;
  manager there{folder.path("s")};
  std::atomic<int> asked{0};
  life_teller teller{
    there.settings(60ms), [&]() -> result<life_sign> {
      return ++asked == 1 ? life_sign{"works"} : life_sign{"works", true};
    }};
  BOOST_TEST(there.next().starts_with("READY=1"));
  BOOST_TEST(there.next().starts_with("STOPPING=1\n"));
  BOOST_TEST(there.next() == "WATCHDOG=1");
  BOOST_TEST(asked == 2);
}

BOOST_AUTO_TEST_CASE(without_a_manager_nothing_is_asked) {
  std::atomic<int> asked{0};
  {
    life_teller teller{{}, [&]() -> result<life_sign> {
                         ++asked;
                         return life_sign{"works"};
                       }};
    teller.ending();
  }
  BOOST_TEST(asked == 0);
}

BOOST_AUTO_TEST_SUITE_END()
