// A host that answers nobody is spared: when it is probed, and who goes on.
#include "actors/webhook/breaker.hpp"
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::webhook_sender;

BOOST_AUTO_TEST_SUITE(a_breaker)

BOOST_AUTO_TEST_CASE(lets_one_probe_at_a_time_with_growing_pauses) {
  one_host w{30};
  w.fail_the_rest();
  auto now = t0;
  for (int pause : {5, 10, 20, 40, 60, 60}) {
    for (int i = 12; i < 30; ++i)
      w.p.on_taken(msg::webhooks_taken{{entry(i)}}, now + pause, now);
    BOOST_TEST(all<post>(w.due(now + pause - 0.1)).empty());
    now += pause;
    auto probe = all<post>(w.due(now));
    BOOST_REQUIRE_EQUAL(probe.size(), 1u);
    BOOST_TEST(all<post>(w.p.on_deliver(entry(1'000 + pause), now)).empty());
    auto id = std::stoi(probe[0].entry.job_id);
    BOOST_TEST(all<post>(w.fail(id, now)).empty());
  }
}

BOOST_AUTO_TEST_CASE(doubles_its_pause_up_to_a_limit) {
  breaker b;
  breaker_config cfg;
  for (int i = 0; i < 4; ++i) {
    b.failed(cfg, false, t0);
    BOOST_TEST(!b.holds());
  }
  b.failed(cfg, false, t0);
  auto now = t0;
  for (int pause : {5, 10, 20, 40, 60, 60}) {
    BOOST_TEST(b.next_probe_s() == now + pause);
    b.failed(cfg, false, now + 1);
    BOOST_TEST(b.next_probe_s() == now + pause);
    now += pause;
    b.failed(cfg, true, now);
  }
  b.succeeded();
  BOOST_TEST(!b.holds());
  BOOST_TEST(b.untroubled());
}

BOOST_AUTO_TEST_CASE(opens_with_the_first_success) {
  one_host w{20};
  w.fail_the_rest();
  auto probe = all<post>(w.due(t0 + 5));
  BOOST_REQUIRE_EQUAL(probe.size(), 1u);
  auto out = w.p.on_answer(probe[0].entry.id, answered(200), t0 + 6);
  BOOST_TEST(all<post>(out).size() == 8u);
  // And what the outbox holds comes at once.
  BOOST_TEST(all<take>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(counts_failures_in_a_row_alone) {
  policy p{config{}};
  for (int i = 0; i < 40; ++i) {
    BOOST_REQUIRE_EQUAL(all<post>(p.on_deliver(entry(i), t0)).size(), 1u);
    p.on_answer("msg_" + std::to_string(i), answered(i % 5 == 4 ? 200 : 410),
                t0);
  }
  for (int i = 0; i < 40; ++i) {
    BOOST_REQUIRE_EQUAL(all<post>(p.on_deliver(entry(100 + i), t0)).size(), 1u);
    p.on_answer("msg_" + std::to_string(100 + i),
                answered(i % 5 == 4 ? 200 : 500), t0);
  }
}

BOOST_AUTO_TEST_CASE(holding_back_is_no_attempt) {
  one_host w{13};
  w.fail_the_rest();
  auto out = w.due(t0 + 5);
  BOOST_REQUIRE_EQUAL(all<post>(out).size(), 1u);
  BOOST_TEST(all<post>(out)[0].entry.id == "msg_12");
  BOOST_TEST(all<post>(out)[0].entry.attempts == 0u);
}

BOOST_AUTO_TEST_CASE(of_one_host_does_not_hold_another) {
  one_host w;
  BOOST_TEST(all<post>(w.p.on_deliver(entry(50), t0)).empty());
  BOOST_TEST(all<post>(w.p.on_deliver(entry(51, "http://b.example"), t0)).size()
             == 1u);
}

BOOST_AUTO_TEST_CASE(of_one_host_leaves_memory_to_the_others) {
  config cfg;
  cfg.open_max = 100;
  cfg.per_host_open_max = 20;
  one_host w{5, cfg};
  for (int i = 10; i < 500; ++i)
    w.p.on_deliver(entry(i), t0);
  BOOST_TEST(w.p.open() == 20u);
  BOOST_TEST(
    all<post>(w.p.on_deliver(entry(600, "http://b.example"), t0)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(is_forgotten_when_its_host_is_asked_no_more) {
  config cfg;
  cfg.open_max = 50;
  policy p{cfg};
  auto sweep = timer_of(p.start(), timer::sweep);
  for (int i = 0; i < 1'000; ++i) {
    p.on_deliver(entry(i, "http://h" + std::to_string(i)), t0);
    p.on_answer("msg_" + std::to_string(i), answered(503, "300"), t0);
    BOOST_REQUIRE(p.hosts() <= 50u);
  }
  BOOST_TEST(p.open() == 0u);
  BOOST_TEST(p.hosts() > 0u);
  p.on_timer(timer::sweep, sweep->generation, t0 + 601);
  BOOST_TEST(p.hosts() == 0u);
}

// The retries of others have come due as well; all of them wait for the two
// tries under way.
BOOST_AUTO_TEST_CASE(with_a_probe_that_is_all_but_due_waits_without_a_timer) {
  one_host w{7};
  w.p.on_deliver(entry(50), t0);
  // Timers may fire this much early.
  for (auto early_s : {5e-7, 4e-4}) {
    auto now = t0 + 5 - early_s;
    auto out = w.due(now);
    BOOST_TEST(all<post>(out).empty());
    BOOST_TEST(!timer_of(out, timer::due));
    out = w.p.on_deliver(entry(51), now);
    BOOST_TEST(all<post>(out).empty());
    BOOST_TEST(!timer_of(out, timer::due));
    w = one_host{7};
    w.p.on_deliver(entry(50), t0);
  }
  w.due(t0 + 5 - 5e-7);
  BOOST_TEST(all<post>(w.fail(5, t0 + 6)).empty());
  BOOST_TEST(all<post>(w.fail(6, t0 + 6)).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
