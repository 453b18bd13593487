// How a worker ends: every order of events leads to one end, and each part is
// stopped before the parts it needs.
#include "actors/node/policy.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>

using render::say;
using namespace render::root;

namespace {

/// Does what the policy wants at once, and writes it down.
struct player {
  explicit player(std::vector<std::string> names = {"HTTP", "JOB STORE",
                                                    "WEBHOOK", supervisor})
    : alive(names) {
    for (auto& x : names)
      sut.on_part(x);
  }

  void run(const effects& xs) {
    for (auto& x : xs)
      std::visit(*this, x);
  }

  void operator()(const drain& x) {
    log += "drain(" + x.reason + ") ";
    ++drains;
  }
  void operator()(const flush&) {
    BOOST_REQUIRE(std::count(alive.begin(), alive.end(), job_store) == 1);
    log += "flush ";
  }
  void operator()(const stop_part& x) {
    log += "stop(" + x.name + ") ";
    stopping = x.name;
  }
  void operator()(const kill_part& x) {
    log += "kill(" + x.name + ") ";
    std::erase(alive, x.name);
  }
  void operator()(const arm_timer& x) {
    timers.push_back(x.generation);
  }
  void operator()(const tell_fault& x) {
    log += "fault ";
    faults.push_back(x.what);
  }
  void operator()(const finish& x) {
    log += x.clean ? "finish(clean) " : "finish(fault) ";
    ++finished;
    clean = x.clean;
  }
  void operator()(const say&) {
    ++lines;
  }

  void end(std::string name) {
    std::erase(alive, name);
    run(sut.on_part_ended(name, "why"));
  }

  /// Each part stops as soon as it is asked.
  void obey() {
    while (!stopping.empty())
      end(std::exchange(stopping, {}));
  }

  policy sut{config{}};
  std::vector<std::string> alive;
  std::string log;
  std::string stopping;
  std::vector<uint64_t> timers;
  std::vector<std::string> faults;
  int drains = 0;
  int lines = 0;
  int finished = 0;
  bool clean = false;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_worker)

BOOST_AUTO_TEST_CASE(drains_flushes_and_stops_its_parts_in_reverse_order) {
  player p;
  p.run(p.sut.on_drain_wanted("SIGTERM"));
  p.run(p.sut.on_drained(true));
  p.run(p.sut.on_flushed({}));
  p.obey();
  BOOST_TEST(p.log
             == "drain(SIGTERM) flush stop(SUPERVISOR) stop(WEBHOOK) "
                "stop(JOB STORE) stop(HTTP) finish(clean) ");
  BOOST_TEST(p.lines == 0);
}

BOOST_AUTO_TEST_CASE(passes_a_second_order_on_so_that_it_hurries) {
  player p;
  p.run(p.sut.on_drain_wanted("SIGTERM"));
  p.run(p.sut.on_drain_wanted("SIGTERM"));
  BOOST_TEST(p.drains == 2);
}

BOOST_AUTO_TEST_CASE(that_loses_a_part_puts_its_jobs_back_in_a_hurry) {
  player p;
  p.end("WEBHOOK");
  BOOST_TEST(p.log
             == "fault drain(a part of this worker is gone) "
                "drain(a part of this worker is gone) ");
  BOOST_TEST(p.lines == 1);
  BOOST_TEST(p.faults.at(0) == "the WEBHOOK actor has ended: why");
  p.log.clear();
  p.run(p.sut.on_drained(true));
  p.run(p.sut.on_flushed({}));
  p.obey();
  BOOST_TEST(p.log
             == "flush stop(SUPERVISOR) stop(JOB STORE) stop(HTTP) "
                "finish(fault) ");
}

BOOST_AUTO_TEST_CASE(that_loses_its_job_store_asks_nobody_to_flush) {
  player p;
  p.end(job_store);
  p.log.clear();
  p.run(p.sut.on_drained(true));
  p.obey();
  BOOST_TEST(p.log
             == "stop(SUPERVISOR) stop(WEBHOOK) stop(HTTP) finish(fault) ");
  BOOST_TEST(p.lines == 2);
}

BOOST_AUTO_TEST_CASE(waits_for_that_drain_for_a_limited_time) {
  player p;
  p.end("HTTP");
  p.run(p.sut.on_timer(p.timers.back()));
  p.obey();
  BOOST_TEST(p.finished == 1);
  BOOST_TEST(!p.clean);
}

BOOST_AUTO_TEST_CASE(without_a_supervisor_stops_at_once) {
  player p;
  p.end(supervisor);
  p.obey();
  BOOST_TEST(p.log
             == "fault stop(WEBHOOK) stop(JOB STORE) stop(HTTP) "
                "finish(fault) ");
}

BOOST_AUTO_TEST_CASE(
  that_loses_its_supervisor_in_a_hurried_drain_stops_at_once) {
  player p;
  p.end("WEBHOOK");
  p.log.clear();
  p.end(supervisor);
  p.obey();
  BOOST_TEST(p.log == "stop(JOB STORE) stop(HTTP) finish(fault) ");
}

BOOST_AUTO_TEST_CASE(kills_a_part_that_does_not_stop_and_says_which) {
  player p;
  p.run(p.sut.on_stop_wanted());
  p.run(p.sut.on_timer(p.timers.back()));
  p.obey();
  BOOST_TEST(p.log
             == "stop(SUPERVISOR) kill(SUPERVISOR) stop(WEBHOOK) "
                "stop(JOB STORE) stop(HTTP) finish(fault) ");
  BOOST_TEST(p.lines == 1);
}

BOOST_AUTO_TEST_CASE(that_cannot_flush_says_so_and_ends) {
  player p;
  p.run(p.sut.on_drain_wanted("SIGTERM"));
  p.run(p.sut.on_drained(true));
  p.run(p.sut.on_flushed("Redis is not there"));
  p.obey();
  BOOST_TEST(p.lines == 1);
  BOOST_TEST(p.finished == 1);
  BOOST_TEST(p.clean);
}

BOOST_AUTO_TEST_CASE(that_takes_no_jobs_yet_stops_without_a_drain) {
  player p{{"HTTP", "JOB STORE"}};
  p.run(p.sut.on_stop_wanted());
  p.obey();
  BOOST_TEST(p.log == "stop(JOB STORE) stop(HTTP) finish(clean) ");
}

// Whatever happens in whatever order, doubled or late: one end, within the
// limits, and after it silence.
BOOST_AUTO_TEST_CASE(ends_exactly_once_whatever_happens) {
  for (uint64_t seed = 1; seed <= 5'000; ++seed) {
    std::mt19937_64 dice{seed};
    auto below = [&](uint64_t n) {
      return dice() % n;
    };
    player p;
    auto wanted = false;
    for (int step = 0; step < 40 && p.finished == 0; ++step)
      switch (below(8)) {
      case 0:
        p.run(p.sut.on_drain_wanted("SIGTERM"));
        wanted = true;
        break;
      case 1:
        p.run(p.sut.on_drained(below(4) != 0));
        break;
      case 2:
        p.run(p.sut.on_flushed(below(2) ? "" : "down"));
        break;
      case 3:
        if (below(4) == 0)
          p.run(p.sut.on_stop_wanted());
        break;
      case 4:
        if (!p.timers.empty())
          p.run(p.sut.on_timer(p.timers[below(p.timers.size())]));
        break;
      case 5:
        if (!p.alive.empty() && below(4) == 0)
          p.end(p.alive[below(p.alive.size())]);
        break;
      default:
        if (!p.stopping.empty())
          p.end(std::exchange(p.stopping, {}));
      }
    // From here on all that is asked for is done.
    if (p.finished == 0 && !wanted)
      p.run(p.sut.on_drain_wanted("SIGTERM"));
    for (int i = 0; i < 20 && p.finished == 0; ++i) {
      p.run(p.sut.on_drained(true));
      p.run(p.sut.on_flushed({}));
      p.obey();
    }
    BOOST_REQUIRE_MESSAGE(p.finished == 1, "seed " << seed << ": " << p.log);
    BOOST_REQUIRE_MESSAGE(p.alive.empty(), "seed " << seed << ": " << p.log);
    BOOST_REQUIRE_MESSAGE(p.faults.size() <= 1, "seed " << seed);
    BOOST_REQUIRE_MESSAGE(p.faults.empty() || !p.clean, "seed " << seed);
    p.run(p.sut.on_drained(true));
    p.run(p.sut.on_flushed({}));
    p.run(p.sut.on_drain_wanted("late"));
    p.run(p.sut.on_stop_wanted());
    for (auto x : p.timers)
      p.run(p.sut.on_timer(x));
    BOOST_REQUIRE_MESSAGE(p.finished == 1, "seed " << seed << ": " << p.log);
  }
}

BOOST_AUTO_TEST_SUITE_END()
