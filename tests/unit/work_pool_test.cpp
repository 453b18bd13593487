// The threads for media work.
#include "actors/io/media/work_pool.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

using namespace render;
using namespace std::chrono_literals;

namespace {

template <class Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!condition() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  return condition();
}

struct pool_fixture {
  void open(media::pool_limits limits) {
    pool.emplace(limits);
  }

  /// Runs until its group is cancelled.
  void hang(const std::string& group = "hang") {
    pool->submit(group, [this](const std::stop_token& stop) {
      {
        std::lock_guard guard{mutex};
        most = std::max(most, begun - ended + 1);
        ++begun;
      }
      while (!stop.stop_requested())
        std::this_thread::sleep_for(1ms);
      ++ended;
    });
  }

  void run_short() {
    pool->submit("short", [this](const std::stop_token&) {
      ++done;
    });
  }

  bool begin(int count) {
    return comes_true([&] {
      return begun == count;
    });
  }

  bool finish(int count) {
    return comes_true([&] {
      return done == count;
    });
  }

  static auto threads_here() {
    return std::distance(std::filesystem::directory_iterator{"/proc/self/task"},
                         std::filesystem::directory_iterator{});
  }

  std::mutex mutex;
  int most = 0;
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::atomic<int> done = 0;
  /// Last, so that its threads end first.
  std::optional<media::work_pool> pool;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_pool, pool_fixture)

BOOST_AUTO_TEST_CASE(goes_on_beside_what_runs_for_long) {
  open({2, 4, 20ms, 10s});
  hang();
  hang();
  BOOST_TEST(begin(2));
  run_short();
  BOOST_TEST(finish(1));
  hang();
  BOOST_TEST(begin(3));
  for (int i = 0; i < 10; ++i)
    run_short();
  BOOST_TEST(finish(11));
  BOOST_TEST(ended == 0);
}

BOOST_AUTO_TEST_CASE(has_no_more_threads_than_it_may) {
  open({2, 4, 1ms, 10s});
  for (int i = 0; i < 9; ++i)
    hang(i == 0 ? "first" : "hang");
  BOOST_TEST(begin(4));
  std::this_thread::sleep_for(50ms);
  BOOST_TEST(begun == 4);
  pool->cancel("first");
  BOOST_TEST(begin(5));
  pool->cancel("hang");
  BOOST_TEST(begin(9));
  BOOST_TEST(most == 4);
}

BOOST_AUTO_TEST_CASE(lets_what_is_short_wait_for_its_place) {
  open({2, 8, 1h, 10s});
  for (int i = 0; i < 6; ++i)
    hang();
  BOOST_TEST(begin(2));
  std::this_thread::sleep_for(50ms);
  BOOST_TEST(begun == 2);
  pool->cancel("hang");
  BOOST_TEST(begin(6));
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(ends_the_threads_that_it_needs_no_more) {
  open({1, 6, 1ms, 20ms});
  const auto before = threads_here();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 6; ++i)
      hang();
    BOOST_TEST(begin(6 * (round + 1)));
    BOOST_TEST(threads_here() == before + 6);
    pool->cancel("hang");
    BOOST_TEST(comes_true([&] {
      return threads_here() == before + 1;
    }));
  }
  run_short();
  BOOST_TEST(finish(1));
}

BOOST_AUTO_TEST_CASE(runs_all_that_waits_when_it_ends) {
  open({1, 2, 1h, 10s});
  for (int i = 0; i < 20; ++i)
    hang();
  BOOST_TEST(begin(1));
  pool.reset();
  BOOST_TEST(begun == 20);
  BOOST_TEST(ended == 20);
}

BOOST_AUTO_TEST_SUITE_END()
