// The webhook sender's decisions: hosts, deliveries, leases, the end.
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace render;
using namespace render::webhook_sender;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(hosts)

BOOST_AUTO_TEST_CASE(are_told_apart_by_scheme_name_and_port) {
  BOOST_TEST(host_of("HTTP://A.example:80/x?y") == "http://a.example:80");
  BOOST_TEST(host_of("https://a.example") == "https://a.example");
  BOOST_TEST(host_of("http://a.example?x") == "http://a.example");
  BOOST_TEST(host_of("nonsense") == "nonsense");
}

BOOST_AUTO_TEST_CASE(retry_after_comes_in_seconds_or_as_a_date) {
  auto wait = [](int32_t status, const std::string& text) {
    return retry_after(*answered(status, text), 784'111'770).count();
  };
  BOOST_TEST(wait(429, "7") == 7'000);
  BOOST_TEST(wait(503, "7") == 7'000);
  BOOST_TEST(wait(500, "7") == 0);
  BOOST_TEST(wait(503, "Sun, 06 Nov 1994 08:49:37 GMT") == 7'000);
  BOOST_TEST(wait(503, "Sun, 06 Nov 1994 08:49:00 GMT") == 0);
  for (auto text : {"", "-3", "soon", "7 s", "99999999999999"})
    BOOST_TEST(wait(503, text) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(deliveries)

BOOST_AUTO_TEST_CASE(five_tries_five_seconds_apart_then_a_dead_letter) {
  policy p{config{}};
  auto now = t0;
  auto out = p.on_deliver(entry(1), both(now));
  for (uint32_t i = 1; i <= 4; ++i) {
    BOOST_REQUIRE_EQUAL(all<post>(out).size(), 1u);
    out = p.on_answer("msg_1", answered(500), both(now));
    auto written = all<record>(out).at(0).what;
    p.on_recorded("msg_1", all<record>(out).at(0).lease_end_s);
    BOOST_TEST((written.state == msg::delivery_state::retry_later));
    BOOST_TEST(written.entry.attempts == i);
    // Others may take it only when our own next try is surely over.
    BOOST_TEST((written.delay > 15s));
    auto due = timer_of(out, timer::due);
    BOOST_REQUIRE(due);
    BOOST_TEST((due->delay == 5s));
    now += 5;
    out = p.on_timer(timer::due, due->generation, now);
  }
  BOOST_REQUIRE_EQUAL(all<post>(out).size(), 1u);
  out = p.on_answer("msg_1", broken(), both(now));
  auto dead = all<record>(out).at(0).what;
  BOOST_TEST((dead.state == msg::delivery_state::dead));
  BOOST_TEST(dead.entry.attempts == 5u);
  BOOST_TEST(dead.error == "no connection");
  BOOST_TEST(p.open() == 0u);
}

BOOST_AUTO_TEST_CASE(only_2xx_counts) {
  for (int32_t status : {200, 201, 204, 299}) {
    policy p{config{}};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", answered(status), both(t0));
    BOOST_TEST(
      (all<record>(out).at(0).what.state == msg::delivery_state::delivered));
    BOOST_TEST(p.open() == 0u);
  }
  for (int32_t status : {100, 301, 302, 400, 404, 410, 500}) {
    policy p{config{}};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", answered(status), both(t0));
    BOOST_TEST(
      (all<record>(out).at(0).what.state == msg::delivery_state::retry_later));
  }
}

BOOST_AUTO_TEST_CASE(a_url_that_is_none_is_final_at_once) {
  policy p{config{}};
  p.on_deliver(entry(1), both(t0));
  auto out = p.on_answer("msg_1", broken(failure_kind::invalid_input),
                         both(t0));
  BOOST_TEST((all<record>(out).at(0).what.state == msg::delivery_state::dead));
  BOOST_TEST(p.open() == 0u);
}

BOOST_AUTO_TEST_CASE(a_receiver_may_ask_for_more_time_within_a_limit) {
  for (auto [text, want] : {std::pair{"20", 20s}, std::pair{"1", 5s}}) {
    policy p{config{}};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", answered(429, text), both(t0));
    BOOST_TEST((timer_of(out, timer::due)->delay == want));
  }
  for (auto [text, want] : {std::pair{"60", 60s}, std::pair{"86400", 300s}}) {
    policy p{config{}};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", answered(429, text), both(t0));
    BOOST_TEST((all<record>(out).at(0).what.delay == want));
  }
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_given_twice_is_posted_once) {
  policy p{config{}};
  BOOST_TEST(all<post>(p.on_deliver(entry(1), both(t0))).size() == 1u);
  BOOST_TEST(p.on_taken(msg::webhooks_taken{{entry(1)}}, t0, t0).empty());
  auto out = p.on_answer("msg_1", answered(500), both(t0));
  BOOST_TEST(p.on_taken(msg::webhooks_taken{{entry(1)}}, t0, t0).empty());
  BOOST_TEST(p.open() == 1u);
}

BOOST_AUTO_TEST_CASE(tries_of_a_dead_worker_count) {
  policy p{config{}};
  auto left = entry(1);
  left.attempts = 4;
  BOOST_TEST(all<post>(p.on_taken(msg::webhooks_taken{{left}}, t0, t0)).size()
             == 1u);
  auto out = p.on_answer("msg_1", answered(500), both(t0));
  BOOST_TEST((all<record>(out).at(0).what.state == msg::delivery_state::dead));
}

BOOST_AUTO_TEST_CASE(one_host_has_its_own_places) {
  config cfg;
  cfg.per_host_max = 2;
  policy p{cfg};
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(all<post>(p.on_deliver(entry(i), both(t0))).size()
               == (i < 2 ? 1u : 0u));
  BOOST_TEST(
    all<post>(p.on_deliver(entry(9, "http://b.example"), both(t0))).size()
    == 1u);
  auto out = p.on_answer("msg_0", answered(200), both(t0));
  BOOST_REQUIRE_EQUAL(all<post>(out).size(), 1u);
  BOOST_TEST(all<post>(out)[0].entry.id == "msg_2");
}

BOOST_AUTO_TEST_CASE(what_is_too_much_stays_in_the_outbox) {
  config cfg;
  cfg.open_max = 3;
  policy p{cfg};
  for (int i = 0; i < 5; ++i)
    p.on_deliver(entry(i), both(t0));
  BOOST_TEST(p.open() == 3u);
  p.on_answer("msg_0", answered(200), both(t0));
  BOOST_TEST(all<post>(p.on_deliver(entry(4), both(t0))).size() == 1u);
}

BOOST_AUTO_TEST_CASE(no_log_line_shows_a_query) {
  policy p{config{}};
  p.on_deliver(entry(1), both(t0));
  auto out = p.on_answer("msg_1", answered(500), both(t0));
  for (auto& x : all<say>(out))
    BOOST_TEST(x.text.find("secret") == std::string::npos, x.text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(leases)

BOOST_AUTO_TEST_CASE(what_is_ours_no_longer_is_not_posted) {
  config cfg;
  cfg.per_host_max = 1;
  policy p{cfg};
  p.on_deliver(entry(1), both(t0));
  p.on_deliver(entry(2), both(t0));
  // Stopped for a minute in the middle of a try.
  auto out = p.on_answer("msg_1", answered(200), both(t0 + 61));
  BOOST_TEST(all<post>(out).empty());
  BOOST_TEST(p.open() == 0u);
  // The sweep brings it again.
  BOOST_TEST(
    all<post>(p.on_taken(msg::webhooks_taken{{entry(2)}}, t0 + 62, t0 + 62))
      .size()
    == 1u);
}

BOOST_AUTO_TEST_CASE(a_try_must_end_within_the_lease) {
  for (auto [age, posts] : {std::pair{50.0, 1u}, std::pair{50.1, 0u}}) {
    policy p{config{}};
    auto settled = entry(1);
    settled.created_ms = static_cast<int64_t>(t0) * 1000;
    BOOST_TEST(all<post>(p.on_deliver(settled, both(t0 + age))).size()
               == posts);
    policy q{config{}};
    BOOST_TEST(
      all<post>(q.on_taken(msg::webhooks_taken{{entry(1)}}, t0, t0 + age))
        .size()
      == posts);
  }
}

BOOST_AUTO_TEST_CASE(a_lease_is_as_long_as_what_was_recorded) {
  config cfg;
  cfg.lease = 20s;
  for (auto recorded : {true, false}) {
    policy p{cfg};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", answered(500), both(t0 + 9));
    if (recorded)
      p.on_recorded("msg_1", all<record>(out).at(0).lease_end_s);
    auto due = timer_of(out, timer::due);
    BOOST_REQUIRE(due);
    out = p.on_timer(timer::due, due->generation, t0 + 14);
    BOOST_TEST(all<post>(out).size() == (recorded ? 1u : 0u));
  }
}

BOOST_AUTO_TEST_CASE(a_record_may_shorten_the_lease) {
  config cfg;
  cfg.lease_margin = 5s;
  // Recorded at t0: ours for 5 s, a try's 10 s and a margin of 5 s.
  for (auto [late, posts] : {std::pair{10, 1u}, std::pair{11, 0u}}) {
    for (auto confirmed : {true, false}) {
      policy p{cfg};
      p.on_deliver(entry(1), both(t0));
      auto out = p.on_answer("msg_1", answered(500), both(t0));
      if (confirmed)
        p.on_recorded("msg_1", all<record>(out).at(0).lease_end_s);
      auto due = timer_of(out, timer::due);
      BOOST_REQUIRE(due);
      out = p.on_timer(timer::due, due->generation, t0 + late);
      BOOST_TEST(all<post>(out).size() == posts);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failure_after_the_lease_is_not_recorded) {
  policy p{config{}};
  p.on_deliver(entry(1), both(t0));
  auto out = p.on_answer("msg_1", broken(), both(t0 + 61));
  BOOST_TEST(all<record>(out).empty());
  BOOST_TEST(p.open() == 0u);
}

BOOST_AUTO_TEST_CASE(the_sweep_renews_what_is_held_back) {
  config cfg;
  cfg.per_url_max = 1;
  policy p{cfg};
  p.on_deliver(entry(1), both(t0));
  p.on_deliver(entry(2), both(t0));
  p.on_taken(msg::webhooks_taken{{entry(2)}}, t0 + 60, t0 + 60);
  auto sweep = timer_of(p.start(), timer::sweep);
  p.on_timer(timer::sweep, sweep->generation, t0 + 100);
  BOOST_TEST(p.open() == 2u);
  sweep = timer_of(p.start(), timer::sweep);
  p.on_timer(timer::sweep, sweep->generation, t0 + 121);
  BOOST_TEST(p.open() == 1u);
}

BOOST_AUTO_TEST_CASE(sweeps_take_turns_in_a_fleet) {
  policy p{config{}};
  auto next_ms = [&p] {
    return timer_of(p.start(), timer::sweep)->delay.count();
  };
  BOOST_TEST(next_ms() == 15'000);
  p.on_taken(msg::webhooks_taken{{}, {0.5, 41}}, t0, t0);
  BOOST_TEST(next_ms() == 15'000 + 10'000);
  p.on_taken(msg::webhooks_taken{{}, {0.5, 4'000}}, t0, t0);
  BOOST_TEST(next_ms() == 15'000 + 22'500);
}

BOOST_AUTO_TEST_CASE(a_full_sweep_is_followed_by_another) {
  config cfg;
  cfg.sweep_limit = 2;
  policy p{cfg};
  BOOST_TEST(
    all<take>(p.on_taken(msg::webhooks_taken{{entry(1), entry(2)}}, t0, t0))
      .size()
    == 1u);
  BOOST_TEST(
    all<take>(p.on_taken(msg::webhooks_taken{{entry(3)}}, t0, t0)).empty());
}

BOOST_AUTO_TEST_SUITE_END()

// Whatever the order of answers: no host has more than its share, each entry
// ends exactly once, and nothing is posted again after its end.
BOOST_AUTO_TEST_CASE(every_entry_ends_exactly_once) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random{seed};
    auto draw = [&](int below) {
      return static_cast<int>(random() % static_cast<uint64_t>(below));
    };
    config cfg;
    cfg.per_host_max = 3;
    policy p{cfg};
    // Host, and when the try times out, by id.
    std::map<std::string, std::pair<std::string, double>> flying;
    std::map<std::string, uint32_t> posts;
    std::set<std::string> ended;
    std::map<uint64_t, std::pair<timer, double>> timers;
    // What Redis holds, by id, and from when anybody may take it.
    std::map<std::string, std::pair<webhook, double>> outbox;
    size_t takes = 0;
    auto now = t0;
    auto run = [&](const effects& xs) {
      for (auto& x : all<post>(xs)) {
        BOOST_REQUIRE(!ended.contains(x.entry.id));
        BOOST_REQUIRE(
          flying.try_emplace(x.entry.id, host_of(x.entry.url), now + 10)
            .second);
        ++posts[x.entry.id];
      }
      std::map<std::string, int> load;
      for (auto& [id, flight] : flying)
        BOOST_REQUIRE(++load[flight.first] <= 3);
      for (auto& x : all<record>(xs)) {
        auto& [entry, state, delay, error] = x.what;
        if (state != msg::delivery_state::retry_later) {
          BOOST_REQUIRE(ended.insert(entry.id).second);
          outbox.erase(entry.id);
          continue;
        }
        outbox[entry.id] = {entry,
                            now + static_cast<double>(delay.count()) / 1e3};
        p.on_recorded(entry.id, x.lease_end_s);
      }
      for (auto& x : all<arm_timer>(xs))
        timers[x.generation]
          = {x.which, now + static_cast<double>(x.delay.count()) / 1e3};
      takes += all<take>(xs).size();
    };
    run(p.start());
    int given = 0;
    for (int step = 0; step < 20'000 && ended.size() < 40; ++step) {
      if (takes > 0) {
        --takes;
        msg::webhooks_taken got;
        for (auto& [id, x] : outbox)
          if (x.second <= now) {
            got.entries.push_back(x.first);
            x.second = now + 60;
          }
        run(p.on_taken(got, now, now));
      }
      auto answer = [&](auto at, const result<http_response>& got) {
        auto id = at->first;
        flying.erase(at);
        run(p.on_answer(id, got, both(now)));
      };
      auto sooner = [](auto& x, auto& y) {
        return x.second.second < y.second.second;
      };
      switch (draw(3)) {
      case 0:
        if (given < 40) {
          auto x = entry(given++, "http://h" + std::to_string(draw(3)));
          outbox[x.id] = {x, now + 60};
          run(p.on_deliver(x, both(now)));
        }
        break;
      case 1:
        if (!flying.empty()) {
          int32_t statuses[] = {200, 500, 429, 410};
          auto pick = draw(5);
          answer(
            std::next(flying.begin(), draw(static_cast<int>(flying.size()))),
            pick == 4 ? broken() : answered(statuses[pick]));
        }
        break;
      default: {
        auto next = std::min_element(timers.begin(), timers.end(), sooner);
        auto late = std::min_element(flying.begin(), flying.end(), sooner);
        if (late != flying.end() && late->second.second < next->second.second) {
          now = std::max(now, late->second.second);
          answer(late, broken());
          break;
        }
        auto [generation, what] = *next;
        timers.erase(next);
        now = std::max(now, what.second);
        run(p.on_timer(what.first, generation, now));
      }
      }
    }
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(ended.size() == 40u);
      BOOST_TEST(p.open() == 0u);
      for (auto& [id, count] : posts)
        BOOST_TEST(count <= 5u);
    }
  }
}
