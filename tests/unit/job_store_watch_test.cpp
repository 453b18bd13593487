// How the JOB STORE hears that a job is not its worker's any more, with one
// question for all jobs.
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  using said = std::shared_ptr<heard<msg::ownership>>;

  job claimed(const std::string& id) {
    world.push(id);
    auto got = x.ask(x.all.queue, &queue::claim,
                     msg::claim_jobs{{{{"csm"}, 1}}});
    x.serve();
    return got->what->value().jobs.at(0);
  }

  said report(const job& y, const std::string& stage = "render",
              milliseconds patience = 3s) {
    return x.ask(x.all.jobs, &job_ends::progress,
                 msg::report_progress{y.id, stage, 0.5, y.fence, patience});
  }

  /// Its progress is written.
  said reported(const job& y) {
    auto out = report(y);
    x.serve();
    return out;
  }

  void pass(milliseconds d) {
    for (auto end = world.now_ms + d.count(); world.now_ms < end;) {
      world.now_ms += 100;
      x.fire();
      x.serve();
    }
  }

  /// Commands of clients while `d` passes.
  size_t commands_of(milliseconds d) {
    size_t out = 0;
    for (auto end = world.now_ms + d.count(); world.now_ms < end;) {
      world.now_ms += 100;
      x.fire();
      out += x.port.sent.size();
      x.serve();
    }
    return out;
  }

  /// As `pass`, with a Redis that refuses SORT.
  std::vector<std::string> pass_without_sort(milliseconds d,
                                             const std::string& error) {
    std::vector<std::string> names;
    for (auto end = world.now_ms + d.count(); world.now_ms < end;) {
      world.now_ms += 100;
      x.fire();
      while (!x.port.sent.empty()) {
        auto& what = x.port.sent.front().what;
        names.push_back(what.lua ? std::string{what.lua->name} : what.args[0]);
        auto refused = what.args[0].starts_with("SORT");
        x.answer_first(refused ? reply::error(error) : x.run_first());
      }
    }
    return names;
  }

  played_world world;
  played_worker x{world, "w1"};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_watch, fixture)

BOOST_AUTO_TEST_CASE(says_that_nothing_happened_when_patience_is_over) {
  auto a = claimed("a");
  auto got = reported(a);
  pass(2'900ms);
  BOOST_TEST(got->times == 0);
  pass(900ms);
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().ours);
}

BOOST_AUTO_TEST_CASE(asks_one_command_for_all_jobs) {
  std::vector<said> all;
  for (auto i = 0; i < 50; ++i)
    all.push_back(reported(claimed("j" + std::to_string(i))));
  BOOST_TEST(commands_of(800ms) == 1u);
  BOOST_TEST(commands_of(800ms) == 1u);
  pass(3s);
  for (auto& got : all)
    BOOST_TEST(got->times == 1);
}

BOOST_AUTO_TEST_CASE(asks_nothing_while_nobody_waits) {
  auto a = claimed("a");
  reported(a);
  pass(4s);
  BOOST_TEST(commands_of(3s) == 0u);
}

BOOST_AUTO_TEST_CASE(tells_of_a_cancel_within_a_second) {
  auto a = claimed("a");
  auto b = claimed("b");
  auto one = reported(a);
  auto other = reported(b);
  pass(300ms);
  world.run({"HSET", "job:a", "status", "cancelled"});
  pass(800ms);
  BOOST_REQUIRE(one->times == 1);
  BOOST_TEST(!one->what->value().ours);
  BOOST_TEST(one->what->value().status == "cancelled");
  BOOST_TEST(other->times == 0);
  BOOST_TEST(!x.all.jobs.claimed().has("a"));
  BOOST_TEST(x.all.jobs.claimed().has("b"));
}

BOOST_AUTO_TEST_CASE(tells_of_each_way_to_lose_a_job) {
  auto count = 0;
  for (auto how :
       std::vector<std::vector<std::string>>{{"HSET", "", "fence", "9"},
                                             {"HSET", "", "fence", "x"},
                                             {"HDEL", "", "fence"},
                                             {"HSET", "", "locked_by", "w2"},
                                             {"HSET", "", "status", "queued"},
                                             {"DEL", ""}}) {
    auto a = claimed("a" + std::to_string(++count));
    auto got = reported(a);
    how[1] = "job:" + a.id;
    world.run(how);
    pass(900ms);
    BOOST_TEST_CONTEXT(how[0] << " " << how.back()) {
      BOOST_REQUIRE(got->times == 1);
      BOOST_TEST(!got->what->value().ours);
    }
  }
}

BOOST_AUTO_TEST_CASE(asks_for_one_whose_claim_is_missing_in_the_set) {
  auto a = claimed("a");
  auto got = reported(a);
  world.run({"DEL", "c3:running:w1"});
  pass(900ms);
  // It was asked about alone, is the worker's, and is waited for no more.
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().ours);
}

BOOST_AUTO_TEST_CASE(of_an_older_claim_tells_that_it_is_lost) {
  auto a = claimed("a");
  auto got = reported(a);
  auto older = a;
  older.fence += 1;
  auto other = report(older);
  pass(900ms);
  BOOST_TEST(got->times == 0);
  BOOST_REQUIRE(other->times == 1);
  BOOST_TEST(!other->what->value().ours);
}

BOOST_AUTO_TEST_CASE(asks_by_a_script_where_sort_is_refused) {
  auto a = claimed("a");
  auto b = claimed("b");
  auto one = reported(a);
  auto other = reported(b);
  world.run({"HSET", "job:a", "status", "cancelled"});
  auto names = pass_without_sort(900ms, "NOPERM no");
  BOOST_TEST(names.at(0) == "SORT_RO");
  BOOST_TEST(names.at(1) == "ask_owners");
  BOOST_REQUIRE(one->times == 1);
  BOOST_TEST(!one->what->value().ours);
  BOOST_TEST(other->times == 0);
  names = pass_without_sort(3s, "NOPERM no");
  // Redis writes each refusal down.
  BOOST_TEST(std::count(names.begin(), names.end(), "SORT_RO") == 0);
  BOOST_REQUIRE(other->times == 1);
  BOOST_TEST(other->what->value().ours);
}

BOOST_AUTO_TEST_CASE(asks_again_after_an_error_that_passes_alone) {
  auto sorts_within_20_min = [this](const std::string& error) {
    auto a = claimed("a" + std::to_string(world.now_ms));
    std::vector<std::string> names;
    for (auto i = 0; i < 400; ++i) {
      x.all.jobs.confirm(msg::confirm_jobs{{{a.id, a.fence}}});
      report(a);
      auto more = pass_without_sort(3s, error);
      names.insert(names.end(), more.begin(), more.end());
    }
    return std::count(names.begin(), names.end(), "SORT_RO");
  };
  BOOST_TEST(sorts_within_20_min("OOM command not allowed") == 2);
  BOOST_TEST(sorts_within_20_min("NOPERM no") == 1);
}

BOOST_AUTO_TEST_CASE(uses_sort_on_a_redis_before_7) {
  auto a = claimed("a");
  reported(a);
  auto names = pass_without_sort(1'700ms, "ERR unknown command `SORT_RO`");
  BOOST_TEST(names.at(0) == "SORT_RO");
  BOOST_TEST(names.at(1) == "ask_owners");
  BOOST_TEST(names.at(2) == "SORT");
}

BOOST_AUTO_TEST_CASE(fails_with_the_connection) {
  auto a = claimed("a");
  auto got = reported(a);
  world.now_ms += 800;
  x.fire();
  x.go_down(0);
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(!got->what->has_value());
  BOOST_TEST(x.all.jobs.claimed().has("a"));
  x.come_up();
  x.serve();
  auto again = reported(a);
  pass(4s);
  BOOST_REQUIRE(again->times == 1);
  BOOST_TEST(again->what->value().ours);
}

BOOST_AUTO_TEST_CASE(is_not_asked_by_somebody_without_patience) {
  auto a = claimed("a");
  auto got = report(a, "render", 0ms);
  x.serve();
  BOOST_REQUIRE(got->times == 1);
  BOOST_TEST(got->what->value().ours);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(locks, fixture)

// A lock lasts 300 s.
BOOST_AUTO_TEST_CASE(are_renewed_less_often_than_leases) {
  auto a = claimed("a");
  auto least = int64_t{300};
  auto lease = int64_t{0};
  for (auto i = 0; i < 1'000; ++i) {
    x.all.jobs.confirm(msg::confirm_jobs{{{a.id, a.fence}}});
    pass(1s);
    least = std::min(least, world.run({"TTL", "job:a:lock"}).integer);
    auto until = std::stod(world.run({"ZSCORE", "c3:leases", "a"}).text);
    lease = static_cast<int64_t>(until) - world.now_ms;
    BOOST_REQUIRE(lease >= 19'000);
  }
  BOOST_TEST(least >= 180);
  BOOST_TEST(least <= 210);
}

BOOST_AUTO_TEST_SUITE_END()
