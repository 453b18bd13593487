// Whose a GPU's time is: shares and what is left over are all of it.
#include "actors/gpu_instance/account.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace render;
using namespace render::gpu_instance;

namespace {

constexpr double t0 = 1'000;

account booting() {
  account x;
  x.open(ledger_id{"e1"}, workload_type{"media:fast"}, t0, t0);
  return x;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_first_job_pays_the_boot_and_the_wait_before_it) {
  auto x = booting();
  x.ready(t0 + 40);
  x.begin(job_id{"a"}, t0 + 43);
  auto a = x.end(job_id{"a"}, t0 + 53);
  BOOST_TEST(a.gpu == "e1");
  BOOST_TEST(a.type == "media:fast");
  BOOST_TEST(a.boot_ms == 40'000);
  BOOST_TEST(a.idle_ms == 3'000);
  BOOST_TEST(a.own_ms == 10'000);
}

BOOST_AUTO_TEST_CASE(a_job_pays_the_idle_time_that_it_ends) {
  auto x = booting();
  x.ready(t0 + 40);
  x.begin(job_id{"a"}, t0 + 40);
  x.end(job_id{"a"}, t0 + 50);
  x.begin(job_id{"b"}, t0 + 57.5);
  auto b = x.end(job_id{"b"}, t0 + 60);
  BOOST_TEST(b.boot_ms == 0);
  BOOST_TEST(b.idle_ms == 7'500);
  BOOST_TEST(b.own_ms == 2'500);
}

BOOST_AUTO_TEST_CASE(jobs_that_run_at_once_share_time_and_boot) {
  auto x = booting();
  x.ready(t0 + 9);
  x.begin(job_id{"a"}, t0 + 9);
  x.begin(job_id{"b"}, t0 + 11);
  x.begin(job_id{"c"}, t0 + 12);
  auto a = x.end(job_id{"a"}, t0 + 15);
  BOOST_TEST(a.boot_ms == 3'000);
  BOOST_TEST(a.own_ms == 2'000 + 500 + 1'000);
  // Who begins after the first end has waited for none of that.
  x.begin(job_id{"d"}, t0 + 15);
  BOOST_TEST(x.end(job_id{"d"}, t0 + 18).boot_ms == 0);
  BOOST_TEST(x.end(job_id{"b"}, t0 + 18).boot_ms == 3'000);
  BOOST_TEST(x.end(job_id{"c"}, t0 + 18).boot_ms == 3'000);
  BOOST_TEST(x.split(t0 + 18).jobs_ms == 18'000);
}

BOOST_AUTO_TEST_CASE(a_millisecond_that_does_not_divide_is_not_lost) {
  auto x = booting();
  x.ready(t0 + 0.010);
  for (auto id : {"a", "b", "c"})
    x.begin(job_id{id}, t0 + 0.010);
  auto a = x.end(job_id{"a"}, t0 + 0.021);
  auto b = x.end(job_id{"b"}, t0 + 0.021);
  auto c = x.end(job_id{"c"}, t0 + 0.021);
  BOOST_TEST(a.boot_ms + b.boot_ms + c.boot_ms == 10);
  BOOST_TEST(a.own_ms + b.own_ms + c.own_ms == 11);
}

BOOST_AUTO_TEST_CASE(what_comes_after_the_last_job_is_no_job_s) {
  auto x = booting();
  x.ready(t0 + 40);
  x.begin(job_id{"a"}, t0 + 40);
  x.end(job_id{"a"}, t0 + 50);
  x.leave(t0 + 350);
  auto all = x.split(t0 + 351.5);
  BOOST_TEST(all.boot_ms == 40'000);
  BOOST_TEST(all.busy_ms == 10'000);
  BOOST_TEST(all.idle_ms == 300'000);
  BOOST_TEST(all.drain_ms == 1'500);
  BOOST_TEST(all.jobs_ms == 50'000);
  BOOST_TEST(all.total_ms() == 351'500);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_dies_in_its_boot_has_caused_no_receipt) {
  auto x = booting();
  x.leave(t0 + 600);
  auto all = x.split(t0 + 601);
  BOOST_TEST(all.boot_ms == 600'000);
  BOOST_TEST(all.drain_ms == 1'000);
  BOOST_TEST(all.jobs_ms == 0);
}

BOOST_AUTO_TEST_CASE(an_account_that_starts_late_says_so) {
  account x;
  x.open(ledger_id{"e1"}, workload_type{"t"}, t0, t0 + 100);
  x.ready(t0 + 101);
  x.begin(job_id{"a"}, t0 + 101);
  auto a = x.end(job_id{"a"}, t0 + 102);
  BOOST_TEST(a.boot_ms == 1'000);
  auto all = x.split(t0 + 102);
  BOOST_TEST(all.before_ms == 100'000);
  BOOST_TEST(all.total_ms() == 102'000);
}

BOOST_AUTO_TEST_CASE(jobs_that_it_never_had_get_a_share_of_nothing) {
  auto x = booting();
  BOOST_TEST(x.end(job_id{"a"}, t0 + 1).gpu == "");
  account closed;
  closed.begin(job_id{"a"}, t0);
  BOOST_TEST(closed.end(job_id{"a"}, t0 + 1).total_ms() == 0);
  BOOST_TEST(closed.split(t0 + 9).total_ms() == 0);
}

BOOST_AUTO_TEST_CASE(a_clock_that_goes_back_takes_nothing_back) {
  auto x = booting();
  x.ready(t0 + 10);
  x.begin(job_id{"a"}, t0 + 5);
  BOOST_TEST(x.end(job_id{"a"}, t0 + 12).total_ms() == 12'000);
}

// Whatever happens: shares and what no job has caused are the rented time, to
// the millisecond, and each part is what the course of events says.
BOOST_AUTO_TEST_CASE(in_random_play_no_millisecond_is_lost_or_doubled) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed) {
    std::mt19937_64 random{seed};
    auto pick = [&random](int64_t least, int64_t most) {
      return std::uniform_int_distribution<int64_t>{least, most}(random);
    };
    auto late_ms = pick(0, 2) == 0 ? pick(0, 100'000) : 0;
    auto now_ms = int64_t{1'000'000};
    account x;
    auto s = [](int64_t ms) {
      return static_cast<double>(ms) / 1000;
    };
    x.open(ledger_id{"e"}, workload_type{"t"}, s(now_ms), s(now_ms + late_ms));
    auto launched_ms = now_ms;
    now_ms += late_ms;
    std::vector<job_id> running;
    int64_t shares = 0;
    int64_t own = 0;
    auto number = 0;
    auto ready = false;
    auto end_one = [&] {
      auto at = running.begin()
                + pick(0, static_cast<int64_t>(running.size()) - 1);
      auto share = x.end(*at, s(now_ms));
      BOOST_REQUIRE(share.own_ms >= 0);
      BOOST_REQUIRE(share.boot_ms >= 0);
      BOOST_REQUIRE(share.idle_ms >= 0);
      shares += share.total_ms();
      own += share.own_ms;
      running.erase(at);
    };
    for (auto steps = pick(0, 60); steps > 0; --steps) {
      now_ms += pick(0, 3) == 0 ? 0 : pick(1, 20'000);
      if (!ready) {
        ready = pick(0, 3) == 0;
        if (ready)
          x.ready(s(now_ms));
      } else if (running.size() < 3 && pick(0, 1) == 0) {
        running.emplace_back("j" + std::to_string(++number));
        x.begin(running.back(), s(now_ms));
      } else if (!running.empty()) {
        end_one();
      }
    }
    if (pick(0, 1) == 0)
      x.leave(s(now_ms));
    while (!running.empty()) {
      now_ms += pick(0, 5'000);
      end_one();
    }
    x.leave(s(now_ms));
    now_ms += pick(0, 30'000);
    auto all = x.split(s(now_ms));
    BOOST_REQUIRE_EQUAL(all.total_ms(), now_ms - launched_ms);
    BOOST_REQUIRE_EQUAL(all.before_ms, late_ms);
    BOOST_REQUIRE_EQUAL(all.jobs_ms, shares);
    BOOST_REQUIRE_EQUAL(all.busy_ms, own);
    BOOST_REQUIRE(shares <= all.boot_ms + all.busy_ms + all.idle_ms);
  }
}
