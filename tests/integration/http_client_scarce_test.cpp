// A machine that has no file handle or no thread left is told as such, and not
// as a fault of the server or its name.
#include "tests/integration/http_client_world.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

using namespace render;
using namespace render::http_client_world;

namespace {

/// While it lives, nothing new can be opened.
class no_handles {
public:
  no_handles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    auto lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    auto now = before_;
    now.rlim_cur = static_cast<rlim_t>(lowest);
    setrlimit(RLIMIT_NOFILE, &now);
  }

  no_handles(const no_handles&) = delete;
  no_handles& operator=(const no_handles&) = delete;

  ~no_handles() {
    setrlimit(RLIMIT_NOFILE, &before_);
  }

private:
  rlimit before_{};
};

/// While it lives, no thread can be made: none has room for such a stack.
class no_threads {
public:
  no_threads() {
    pthread_getattr_default_np(&before_);
    auto now = before_;
    pthread_attr_setstacksize(&now, size_t{1} << 50);
    pthread_setattr_default_np(&now);
  }

  no_threads(const no_threads&) = delete;
  no_threads& operator=(const no_threads&) = delete;

  ~no_threads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }

private:
  pthread_attr_t before_{};
};

void check_is_unfit(const result<http_response>& got) {
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unfit), got.error().message);
  BOOST_TEST(got.error().message.find("127.0.0.1") == std::string::npos);
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_request)

BOOST_AUTO_TEST_CASE(without_a_file_handle_tells_of_this_machine) {
  client web{allowing("127.0.0.1")};
  {
    no_handles now;
    for (auto& request :
         {get("http://a.test:9/"), webhook("http://a.test:9/"),
          strangers("http://a.test:9/"), get("http://127.0.0.2:9/")})
      check_is_unfit(web.ask(request));
  }
  raw_server server{always(ok())};
  BOOST_TEST(web.ask(strangers(server.url("a.test"))).has_value());
}

BOOST_AUTO_TEST_CASE(for_a_name_that_no_handle_is_left_for_does_too) {
  client web{{}, std::make_unique<threaded_resolver>()};
  {
    no_handles now;
    check_is_unfit(web.ask(get("http://localhost:9/")));
  }
  auto unknown = web.ask(get("http://no-such-name.invalid/"));
  BOOST_REQUIRE(!unknown);
  BOOST_TEST((unknown.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(for_a_name_that_no_thread_is_left_for_does_too) {
  auto look_up = [](const std::string&) -> name_resolver::found {
    return std::vector<ip_address>{loopback};
  };
  raw_server server{always(ok())};
  client web{{}, std::make_unique<threaded_resolver>(4, 1024, look_up)};
  {
    no_threads now;
    check_is_unfit(web.ask(get(server.url("a.test"))));
  }
  BOOST_TEST(web.ask(get(server.url("a.test"))).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_look_up)

BOOST_AUTO_TEST_CASE(waits_for_a_busy_thread_when_no_other_can_be_made) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::promise<void> began;
  auto look_up = [&](const std::string& host) -> name_resolver::found {
    if (host == "slow") {
      began.set_value();
      released.wait();
    }
    return std::vector<ip_address>{loopback};
  };
  std::promise<bool> slow;
  std::promise<bool> quick;
  auto tell = [](std::promise<bool>& whom) {
    return [&whom](const name_resolver::found& x) {
      whom.set_value(x.has_value());
    };
  };
  threaded_resolver names{4, 1024, look_up};
  names.look_up("slow", tell(slow));
  began.get_future().wait();
  {
    no_threads now;
    names.look_up("quick", tell(quick));
  }
  release.set_value();
  BOOST_TEST(slow.get_future().get());
  BOOST_TEST(quick.get_future().get());
}

BOOST_AUTO_TEST_SUITE_END()
