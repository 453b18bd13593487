// Who waits for whom: URLs, hosts, limits, and an outbox full of one URL.
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace render::webhook_sender;
using namespace std::chrono_literals;

namespace {

webhook to(int n, const std::string& url) {
  auto x = entry(n);
  x.url = url;
  return x;
}

effects answer(policy& p, int n, int32_t status, double now = t0) {
  return p.on_answer("msg_" + std::to_string(n), answered(status), both(now));
}

} // namespace

BOOST_AUTO_TEST_SUITE(turns)

// Three webhooks of a shared host came 800 s late when eight to another path
// of it failed.
BOOST_AUTO_TEST_CASE(a_failing_path_delays_no_other_path_of_its_host) {
  policy p{config{}};
  for (int i = 0; i < 8; ++i) {
    p.on_deliver(to(i, "http://a.example/gone"), both(t0));
    answer(p, i, 404);
  }
  for (int i = 10; i < 13; ++i) {
    auto out = p.on_deliver(to(i, "http://a.example/well"), both(t0));
    BOOST_TEST(all<post>(out).size() == 1u);
  }
  // And the failing ones keep to the times of the contract.
  auto late = p.on_deliver(to(20, "http://a.example/gone"), both(t0));
  BOOST_TEST(all<post>(late).size() == 1u);
  auto due = timer_of(answer(p, 20, 404, t0 + 1), timer::due);
  BOOST_TEST(!due); // One is armed for the others already.
}

BOOST_AUTO_TEST_CASE(a_silent_path_delays_no_other_path_of_its_host) {
  policy p{config{}};
  for (int i = 0; i < 500; ++i)
    p.on_deliver(to(i, "http://a.example/silent"), both(t0));
  BOOST_TEST(
    all<post>(p.on_deliver(to(600, "http://a.example/well"), both(t0))).size()
    == 1u);
}

BOOST_AUTO_TEST_CASE(paths_of_a_full_host_take_turns) {
  config cfg;
  cfg.per_url_max = cfg.per_host_max = 2;
  policy p{cfg};
  for (int i = 0; i < 6; ++i)
    p.on_deliver(to(i, "http://a.example/many"), both(t0));
  p.on_deliver(to(6, "http://a.example/one"), both(t0));
  p.on_deliver(to(7, "http://a.example/other"), both(t0));
  std::vector<std::string> order;
  for (int i : {0, 1, 6, 2, 7}) {
    auto out = all<post>(answer(p, i, 200));
    BOOST_REQUIRE_EQUAL(out.size(), 1u);
    order.push_back(out[0].entry.id);
  }
  BOOST_TEST(
    (order
     == std::vector<std::string>{"msg_6", "msg_7", "msg_2", "msg_3", "msg_4"}));
}

BOOST_AUTO_TEST_CASE(silent_hosts_together_leave_a_turn_to_each_other_host) {
  config cfg;
  cfg.all_max = 4;
  cfg.per_host_max = cfg.per_url_max = 2;
  policy p{cfg};
  for (int i = 0; i < 40; ++i)
    p.on_deliver(entry(i, "http://h" + std::to_string(i % 3)), both(t0));
  BOOST_TEST(
    all<post>(p.on_deliver(entry(50, "http://well"), both(t0))).empty());
  // Four time out, and the well one is among the next four.
  std::vector<post> next;
  for (int i : {0, 1, 2, 3})
    for (auto& x : all<post>(
           p.on_answer("msg_" + std::to_string(i), broken(), both(t0 + 10))))
      next.push_back(x);
  BOOST_TEST(next.size() == 4u);
  BOOST_TEST(std::any_of(next.begin(), next.end(), [](auto& x) {
    return x.entry.id == "msg_50";
  }));
}

BOOST_AUTO_TEST_CASE(one_url_leaves_memory_to_the_others) {
  config cfg;
  cfg.open_max = 100;
  policy p{cfg};
  for (int i = 0; i < 500; ++i)
    p.on_deliver(to(i, "http://a.example/silent"), both(t0));
  BOOST_TEST(p.open() == 100u);
  for (int i = 500; i < 540; ++i) {
    auto url = "http://b.example/" + std::to_string(i);
    BOOST_TEST(all<post>(p.on_deliver(to(i, url), both(t0))).size()
               == (i < 516 ? 1u : 0u)); // The places of a host.
    BOOST_TEST(p.open() == 100u);
  }
}

BOOST_AUTO_TEST_CASE(a_sweep_does_not_go_through_an_outbox_of_one_url) {
  config cfg;
  cfg.per_url_open_max = 50;
  policy p{cfg};
  p.start();
  int id = 0;
  auto batch = [&](const std::string& url) {
    msg::webhooks_taken out;
    for (uint32_t i = 0; i < cfg.sweep_limit; ++i)
      out.entries.push_back(to(id++, url));
    return out;
  };
  auto looks = [&](const std::string& url) {
    return all<take>(p.on_taken(batch(url), t0, t0)).size();
  };
  // Half of it is held, and that is enough to go on.
  BOOST_TEST(looks("http://dead.example/x") == 1u);
  size_t more = 0;
  while (looks("http://dead.example/x") == 1 && more < 1'000)
    ++more;
  BOOST_TEST(more == cfg.wasted_takes_max - 1);
  // The next sweep looks on behind those, since they are leased.
  auto sweep = timer_of(p.start(), timer::sweep);
  BOOST_TEST(sweep.has_value());
  BOOST_TEST(looks("http://dead.example/x") == 1u);
  BOOST_TEST(looks("http://well.example/x") == 1u);
}

BOOST_AUTO_TEST_CASE(an_outbox_that_cannot_be_read_is_said_once) {
  policy p{config{}};
  auto denied = result<msg::webhooks_taken>{
    render::fail(failure_kind::rejected, "NOPERM no permission")};
  auto said = all<say>(p.on_taken(denied, t0, t0));
  BOOST_REQUIRE_EQUAL(said.size(), 1u);
  BOOST_TEST((said[0].level == severity::warning));
  BOOST_TEST(said[0].text.find("NOPERM") != std::string::npos);
  BOOST_TEST(all<say>(p.on_taken(denied, t0, t0 + 15)).empty());
  BOOST_TEST(all<say>(p.on_taken(msg::webhooks_taken{}, t0, t0 + 30)).size()
             == 1u);
  BOOST_TEST(all<say>(p.on_taken(msg::webhooks_taken{}, t0, t0 + 45)).empty());
}

BOOST_AUTO_TEST_CASE(a_host_is_forgotten_with_its_last_webhook) {
  policy p{config{}};
  for (int i = 0; i < 1'000; ++i) {
    p.on_deliver(entry(i, "http://h" + std::to_string(i)), both(t0));
    answer(p, i, i % 2 ? 200 : 500);
  }
  BOOST_TEST(p.hosts() == 500u);
  p.on_timer(timer::sweep, timer_of(p.start(), timer::sweep)->generation,
             t0 + 61);
  BOOST_TEST(p.open() == 0u);
  BOOST_TEST(p.hosts() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(what_is_shown)

BOOST_AUTO_TEST_CASE(is_a_host_without_user_path_and_query) {
  BOOST_TEST(shown_url("https://hooks.slack.com/services/T0/B0/XX")
             == "https://hooks.slack.com/…");
  BOOST_TEST(shown_url("http://u:p@A.example:8080?x=1")
             == "http://a.example:8080/…");
  BOOST_TEST(shown_url("nonsense") == "…");
  BOOST_TEST(host_of("http://u:p@a.example/x") == "http://a.example");
}

BOOST_AUTO_TEST_CASE(keeps_no_path_of_an_error_or_an_answer) {
  std::string url = "https://hooks.slack.com/services/T0/B0/XX?t=1";
  BOOST_TEST(without_paths("GET https://x.example/secret/y: gone", url)
             == "GET https://x.example/…: gone");
  BOOST_TEST(without_paths("no route for /services/T0/B0/XX here", url)
             == "no route for /… here");
  BOOST_TEST(without_paths("no route for /services/T0/B0/XX?t=1", url)
             == "no route for /…");
  BOOST_TEST(without_paths("a / b", "http://a.example/") == "a / b");
  // Characters that end a word elsewhere may be part of the URL.
  BOOST_TEST(without_paths("POST https://x.example/a>secret/token: gone",
                           "https://x.example/a>secret/token")
             == "POST https://x.example/…: gone");
  // Schemes have no case, and a URL may hold another one.
  for (auto* nested :
       {"HTTPS://a.example+https://+secret", "Http://h/a/secret"})
    BOOST_TEST(
      without_paths(std::string{"POST "} + nested, nested).find("secret")
      == std::string::npos);
}

BOOST_AUTO_TEST_CASE(is_the_same_in_the_log_and_in_the_dead_letter) {
  for (auto& got :
       {result<http_response>{render::fail(
          failure_kind::unavailable,
          "POST http://a.example/hook: Could not resolve host: a.example")},
        [] {
          auto x = answered(404);
          x->body = "Cannot POST /hook?token=secret";
          return x;
        }()}) {
    policy p{config{}};
    p.on_deliver(entry(1), both(t0));
    auto out = p.on_answer("msg_1", got, both(t0));
    auto line = all<say>(out).at(0).text;
    BOOST_TEST(line.find("hook to") == std::string::npos);
    BOOST_TEST(line.find("/hook") == std::string::npos, line);
    BOOST_TEST(line.find("secret") == std::string::npos, line);
    BOOST_TEST(line.find("http://a.example/…") != std::string::npos, line);
    auto kept = all<record>(out).at(0).what.error;
    BOOST_TEST(kept.find("/hook") == std::string::npos, kept);
  }
}

BOOST_AUTO_TEST_SUITE_END()
