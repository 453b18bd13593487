// Lines for a reader who does not read, through a real pipe.
#include "app/node/line_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>
#include <vector>

using namespace render;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

struct real_pipe {
  int ends[2] = {-1, -1};

  real_pipe() {
    BOOST_REQUIRE(::pipe(ends) == 0);
  }

  ~real_pipe() {
    close_reader();
    ::close(ends[1]);
  }

  void close_reader() {
    if (ends[0] >= 0)
      ::close(ends[0]);
    ends[0] = -1;
  }

  // All that comes until nothing has come for 300 ms.
  std::vector<std::string> read_lines() const {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    std::string text;
    char part[4096];
    auto last = clock_type::now();
    while (clock_type::now() - last < 300ms) {
      auto got = ::read(ends[0], part, sizeof(part));
      if (got <= 0) {
        std::this_thread::sleep_for(5ms);
        continue;
      }
      text.append(part, static_cast<size_t>(got));
      last = clock_type::now();
    }
    std::vector<std::string> out;
    std::stringstream in{text};
    for (std::string line; std::getline(in, line);)
      out.push_back(line);
    return out;
  }
};

line_queue::options small() {
  line_queue::options out;
  out.lines_max = 100;
  out.last_wait_ms = 200;
  out.lost_line = [](uint64_t x) {
    return "lost " + std::to_string(x) + "\n";
  };
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_queue_of_lines)

BOOST_AUTO_TEST_CASE(writes_them_in_order) {
  real_pipe to;
  line_queue x{to.ends[1], small()};
  for (auto i = 0; i < 50; ++i)
    x.push(std::to_string(i) + "\n");
  auto got = to.read_lines();
  BOOST_REQUIRE(got.size() == 50u);
  for (auto i = 0u; i < 50; ++i)
    BOOST_TEST(got[i] == std::to_string(i));
  BOOST_TEST(x.dropped() == 0u);
}

BOOST_AUTO_TEST_CASE(
  blocks_nobody_when_the_pipe_is_full_and_says_what_is_lost) {
  constexpr uint64_t pushed = 50'000;
  real_pipe to;
  line_queue x{to.ends[1], small()};
  auto begin = clock_type::now();
  for (uint64_t i = 0; i < pushed; ++i)
    x.push("line " + std::to_string(i) + std::string(80, '.') + "\n");
  BOOST_TEST((clock_type::now() - begin < 2s));
  BOOST_TEST(x.dropped() > 0u);
  auto got = to.read_lines();
  uint64_t lost = 0;
  uint64_t seen = 0;
  for (auto& line : got) {
    if (line.starts_with("lost "))
      lost += std::stoull(line.substr(5));
    else
      ++seen;
  }
  // Each line has come, or is told as lost; the newest are there.
  BOOST_TEST(lost == x.dropped());
  BOOST_TEST(seen + lost == pushed);
  BOOST_TEST(got.back().starts_with("line " + std::to_string(pushed - 1)));
}

BOOST_AUTO_TEST_CASE(ends_in_time_while_the_pipe_is_full) {
  real_pipe to;
  auto begin = clock_type::now();
  {
    line_queue x{to.ends[1], small()};
    for (auto i = 0; i < 3'000; ++i)
      x.push(std::string(100, 'x') + "\n");
    std::this_thread::sleep_for(50ms);
    begin = clock_type::now();
  }
  BOOST_TEST((clock_type::now() - begin < 1s));
}

BOOST_AUTO_TEST_CASE(writes_the_rest_at_its_end) {
  real_pipe to;
  {
    line_queue x{to.ends[1], small()};
    for (auto i = 0; i < 100; ++i)
      x.push("x\n");
  }
  BOOST_TEST(to.read_lines().size() == 100u);
}

BOOST_AUTO_TEST_CASE(survives_a_reader_that_has_gone) {
  std::signal(SIGPIPE, SIG_IGN);
  real_pipe to;
  to.close_reader();
  line_queue x{to.ends[1], small()};
  for (auto i = 0; i < 1'000; ++i)
    x.push("x\n");
}

BOOST_AUTO_TEST_CASE(takes_a_line_longer_than_a_pipe) {
  real_pipe to;
  line_queue x{to.ends[1], small()};
  x.push(std::string(200'000, 'y') + "\n");
  x.push("z\n");
  auto got = to.read_lines();
  BOOST_REQUIRE(got.size() == 2u);
  BOOST_TEST(got[0].size() == 200'000u);
}

BOOST_AUTO_TEST_SUITE_END()
