// When a webhook is tried again.
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace render;
using namespace render::webhook_sender;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(the_standard_one_has_ten_tries_with_seeded_jitter) {
  auto x = standard_schedule();
  BOOST_TEST(x.delays.size() == 9u);
  std::mt19937_64 random{7};
  std::mt19937_64 same{7};
  std::chrono::milliseconds whole{0};
  std::set<int64_t> seen;
  for (uint32_t i = 1; i <= 9; ++i) {
    auto delay = delay_after(x, i, random);
    BOOST_TEST((delay == delay_after(x, i, same)));
    BOOST_TEST((delay >= x.delays[i - 1]));
    BOOST_TEST((delay <= x.delays[i - 1] * 11 / 10));
    seen.insert(delay_after(x, 9, random).count());
    delay_after(x, 9, same);
    whole += x.delays[i - 1];
  }
  BOOST_TEST(seen.size() == 9u);
  BOOST_TEST((whole == 75h + 35min + 5s));
}

BOOST_AUTO_TEST_CASE(the_contract_has_no_jitter) {
  std::mt19937_64 random{7};
  auto x = contract_schedule();
  BOOST_TEST(x.delays.size() == 4u);
  for (uint32_t i = 1; i <= 4; ++i)
    BOOST_TEST((delay_after(x, i, random) == 5s));
}

BOOST_AUTO_TEST_CASE(long_waits_are_spent_in_the_outbox) {
  config cfg;
  cfg.tries = standard_schedule();
  cfg.tries.jitter = 0;
  policy p{cfg};
  auto x = entry(1);
  for (uint32_t i = 0; i < 10; ++i) {
    x.attempts = i;
    auto out = p.on_taken(msg::webhooks_taken{{x}}, t0, t0);
    BOOST_REQUIRE_EQUAL(all<post>(out).size(), 1u);
    out = p.on_answer("msg_1", answered(500), both(t0));
    auto written = all<record>(out).at(0).what;
    if (i == 9)
      BOOST_TEST((written.state == msg::delivery_state::dead));
    else if (i > 0)
      BOOST_TEST((written.delay == cfg.tries.delays[i]));
    BOOST_TEST(p.open() == (i == 0 ? 1u : 0u));
    // Another worker, another memory.
    p = policy{cfg};
  }
}

BOOST_AUTO_TEST_SUITE_END()
