// The HTTP client and the disk: a slow, hanging or full disk concerns only the
// requests that write to it, and a large answer delays no other request.
#include "tests/integration/http_client_world.hpp"
#include "tests/support/temp_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

using namespace render;
using namespace render::http_client_world;

namespace {

using clock = std::chrono::steady_clock;

constexpr size_t piece = 1u << 20;

/// A body of so many MiB.
raw_server::talk large(size_t pieces) {
  return [pieces](const std::string&, raw_server::speaker say) {
    const std::string bytes(piece, 'x');
    if (!say("HTTP/1.1 200 OK\r\nContent-Length: "
             + std::to_string(pieces * piece) + "\r\n\r\n"))
      return;
    for (size_t i = 0; i < pieces; ++i)
      if (!say(bytes))
        return;
  };
}

/// Whether the file is removed within ten seconds.
bool is_gone(const std::string& path) {
  auto end = clock::now() + 10s;
  while (std::filesystem::exists(path) && clock::now() < end)
    std::this_thread::sleep_for(5ms);
  return !std::filesystem::exists(path);
}

http_request to_file(std::string url, std::string path) {
  auto out = get(std::move(url));
  out.output_file = std::move(path);
  out.max_body_bytes = 2'000u << 20;
  out.total_timeout = 60s;
  out.group = "big";
  return out;
}

struct disk {
  /// A file that takes no bytes until a reader opens it.
  std::string hanging(const std::string& name) {
    auto out = folder.path(name);
    BOOST_REQUIRE(mkfifo(out.c_str(), 0600) == 0);
    return out;
  }

  /// The time of the slowest of `count` small requests, one after the other.
  clock::duration longest(int count) {
    clock::duration out{0};
    for (int i = 0; i < count; ++i) {
      auto begun = clock::now();
      BOOST_TEST(web.ask(get(small.url())).has_value());
      out = std::max(out, clock::now() - begun);
    }
    return out;
  }

  harness::temp_folder folder;
  raw_server small{always(ok())};
  client web;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_disk, disk)

BOOST_AUTO_TEST_CASE(that_hangs_holds_up_no_other_request) {
  raw_server server{large(8)};
  std::vector<std::future<result<http_response>>> stuck;
  // One pipe cannot be opened, one takes only as much as a pipe's buffer.
  stuck.push_back(web.send(to_file(server.url(), hanging("unopened"))));
  auto path = hanging("unread");
  auto reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  stuck.push_back(web.send(to_file(server.url(), path)));
  auto begun = clock::now();
  longest(20);
  BOOST_TEST((clock::now() - begun < 10s));
  BOOST_TEST(web.ask(to_file(small.url(), folder.path("beside"))).has_value());
  for (auto& x : stuck)
    BOOST_TEST((x.wait_for(0s) == std::future_status::timeout));
  web.cancel("big");
  for (auto& x : stuck) {
    BOOST_REQUIRE((x.wait_for(10s) == std::future_status::ready));
    BOOST_TEST((x.get().error().kind == failure_kind::aborted));
  }
  close(reader);
}

BOOST_AUTO_TEST_CASE(that_takes_too_long_makes_the_worker_unfit) {
  raw_server server{large(8)};
  for (auto& x : {server.url(), small.url()}) {
    auto slow = to_file(x, hanging(x == small.url() ? "few" : "many"));
    slow.total_timeout = 500ms;
    auto got = web.ask(slow);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::unfit), got.error().message);
  }
}

BOOST_AUTO_TEST_CASE(that_is_slow_loses_nothing) {
  raw_server server{large(8)};
  auto path = hanging("slow");
  auto got = web.send(to_file(server.url(), path));
  std::ifstream in{path};
  std::stringstream all;
  all << in.rdbuf();
  BOOST_REQUIRE((got.wait_for(30s) == std::future_status::ready));
  auto answer = got.get();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->body_bytes == 8 * piece);
  BOOST_TEST(all.str().size() == 8 * piece);
}

BOOST_AUTO_TEST_CASE(that_is_full_makes_the_worker_unfit) {
  raw_server server{large(8)};
  // A link to /dev/full, since a file that could not be written is removed.
  auto path = folder.path("full");
  std::filesystem::create_symlink("/dev/full", path);
  auto got = web.ask(to_file(server.url(), path));
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unfit));
  BOOST_TEST(got.error().message.find("full cannot be written")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(keeps_nothing_of_what_was_cut_off) {
  auto path = folder.path("cut");
  raw_server server{[](const std::string&, raw_server::speaker say) {
    say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
  }};
  BOOST_TEST(!web.ask(to_file(server.url(), path)));
  BOOST_TEST(is_gone(path));
  auto empty = folder.path("empty");
  raw_server nothing{[](const std::string&, raw_server::speaker say) {
    say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }};
  BOOST_TEST(web.ask(to_file(nothing.url(), empty)).has_value());
  BOOST_TEST(std::filesystem::exists(empty));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_large_answer, disk)

// Compared with the time without the large answer, since the machine may be
// busy.
BOOST_AUTO_TEST_CASE(holds_up_no_other_request_by_100_ms) {
  raw_server server{large(1'000)};
  auto alone = longest(50);
  auto big = web.send(to_file(server.url(), "/dev/null"));
  clock::duration beside{0};
  auto count = 0;
  while (big.wait_for(0s) == std::future_status::timeout && ++count < 2'000)
    beside = std::max(beside, longest(1));
  BOOST_TEST(count > 5);
  BOOST_TEST((beside < alone + 100ms),
             std::chrono::duration<double>(beside).count()
               << " s, and " << std::chrono::duration<double>(alone).count()
               << " s alone");
  web.cancel("big");
}

BOOST_AUTO_TEST_SUITE_END()
