// The wall clock is set. It serves for dates only, so nothing happens sooner or
// later.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

using play = std::function<void(virtual_worker&)>;

/// All events with their times in a run whose wall clock is set after `at`.
std::string story_of(const play& begin, caf::timespan takes,
                     caf::timespan at = 0s, caf::timespan forward = 0s) {
  virtual_worker w;
  begin(w);
  w.advance(at);
  w.set_wall_clock(forward);
  w.advance(takes - at);
  return w.log->text();
}

void same_story_whenever_it_is_set(const play& begin, caf::timespan takes,
                                   caf::timespan step) {
  auto as_always = story_of(begin, takes);
  for (caf::timespan at = step / 2; at < takes; at += step)
    for (auto forward : std::vector<caf::timespan>{-1h, -90s, 90s, 1h})
      BOOST_TEST(story_of(begin, takes, at, forward) == as_always,
                 "set by " << forward.count() / 1'000'000 << " ms after "
                           << at.count() / 1'000'000 << " ms");
}

/// A launch that is refused, a job that a GPU fails, one that takes too long,
/// one that waits for a slot, a receiver that fails, a GPU that is idle.
void misfortune(virtual_worker& w) {
  w.cfg.max_gpus = 1;
  w.cfg.pre_launch_min = w.cfg.pre_launch_max = 2s;
  w.gpu_cfg.idle_timeout = 40s;
  w.cloud->launch_failures = {{failure_kind::rejected, "sold out"}};
  w.default_script.takes = 8s;
  w.scripts["a/1"]
    = {1s, failed_outcome({failure_kind::unavailable, "the node is gone"})};
  w.scripts["long"] = {1h, {"done", {}, {}}};
  auto posts = std::make_shared<int>(0);
  w.web->on_request = [posts](const http_request& x) {
    auto is_hook = x.url.find("hook") != std::string::npos;
    return http_status(is_hook && ++*posts < 3 ? 500 : 200);
  };
  w.start();
  auto first = virtual_worker::make_job("a");
  first.data = R"({"text":"Hi.","notify_url":"http://r.example/hook"})";
  w.push(first);
  auto longest = virtual_worker::make_job("long");
  longest.max_time_s = 13;
  w.push(longest);
  w.push("b");
}

/// A GPU in use that grows old. Its launch takes a while: long enough for the
/// clock to be set meanwhile.
void old_age(virtual_worker& w) {
  w.cfg.max_gpus = 1;
  w.cfg.retire_after = 100s;
  w.cfg.replace_ahead = 10s;
  w.cloud->launch_takes = 2s;
  w.gpu_cfg.replace_after = 100s;
  w.gpu_cfg.max_lifetime = 200s;
  w.default_script.takes = 12s;
  w.start();
  for (int i = 0; i < 12; ++i)
    w.push(std::to_string(i));
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_wall_clock)

BOOST_AUTO_TEST_CASE(delays_and_hurries_nothing_when_it_is_set) {
  auto story = story_of(misfortune, 3min);
  // Checks that the run has the events at all.
  for (auto& what : {"settle a success", "settle long failed",
                     "settle b success", "stop w1"})
    BOOST_TEST(story.find(what) != std::string::npos, story);
  same_story_whenever_it_is_set(misfortune, 3min, 1500ms);
}

BOOST_AUTO_TEST_CASE(makes_no_gpu_older_or_younger_when_it_is_set) {
  auto story = story_of(old_age, 5min);
  for (auto& what : {"begin 0 on n1", "stop w1", "begin 11 on n2"})
    BOOST_TEST(story.find(what) != std::string::npos, story);
  same_story_whenever_it_is_set(old_age, 5min, 3s);
}

BOOST_FIXTURE_TEST_CASE(is_what_a_deadline_is_read_by, virtual_worker) {
  start();
  warm_up();
  default_script.takes = 1h;
  set_wall_clock(1h);
  auto t0 = elapsed_ms();
  auto x = make_job("a");
  x.complete_by_s = unix_now() + 20;
  push(x);
  set_wall_clock(-2h);
  advance(10min);
  BOOST_TEST(log->first("settle a failed") == t0 + 20'000, log->text());
}

BOOST_AUTO_TEST_SUITE_END()
