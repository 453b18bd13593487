// The export of spans in virtual time: batches by time and by size, a collector
// that is slow, refuses or is away, and the end of the worker.
#include "actors/io/spans/span_exporter.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_http.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

/// Counts spans by what came of them.
class tally : public spdlog::sinks::null_sink_mt, public event_listener {
public:
  void on_event(const event& x) override {
    counts[x.outcome] += x.count;
  }

  std::map<std::string, uint64_t> counts;
};

struct exporting : deterministic_system {
  exporting() {
    web->log = log;
    cfg.url = "http://collector.example/v1/traces";
    cfg.headers = {{"authorization", "Bearer x"}};
    cfg.by.attributes = {{"service.name", "w"}};
  }

  void start() {
    auto now = [this] {
      return unix_now();
    };
    auto lines = std::make_shared<spdlog::logger>("spans", counted);
    exporter
      = spawn(span_exporter_behavior, cfg,
              span_exporter_deps{spawn(fake_http_behavior, web), now, lines});
  }

  void tell(size_t count) {
    caf::anon_send(exporter,
                   msg::spans_ended{std::vector<span>(
                     count, span{"x", {}, {1, 2, 3, true}, 0, 0, 0})});
    run();
  }

  void answer(int32_t status, duration takes = 0ms) {
    web->on_request = [=](const http_request&) {
      return http_status(status, takes);
    };
  }

  std::string times() const {
    return log->times("POST http://collector.example/v1/traces");
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_http_ptr web = std::make_shared<fake_http>();
  std::shared_ptr<tally> counted = std::make_shared<tally>();
  span_exporter_config cfg;
  span_exporter_actor exporter;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_span_exporter, exporting)

BOOST_AUTO_TEST_CASE(posts_what_it_is_told_within_5_s) {
  start();
  advance(1s);
  tell(2);
  advance(1s);
  tell(1);
  advance(10s);
  BOOST_TEST(times() == "6000");
  auto& sent = web->requests.at(0);
  BOOST_TEST(sent.method == "POST");
  BOOST_TEST(sent.total_timeout.count() == 10'000);
  BOOST_TEST(!sent.public_only);
  BOOST_REQUIRE(sent.headers.size() == 2u);
  BOOST_TEST(sent.headers[0].value == "Bearer x");
  BOOST_TEST(sent.headers[1].value == "application/json");
  BOOST_TEST(sent.body.starts_with(R"({"resourceSpans":[)"));
  BOOST_TEST(counted->counts["exported"] == 3u);
}

BOOST_AUTO_TEST_CASE(posts_a_full_batch_at_once) {
  start();
  tell(512);
  BOOST_TEST(times() == "0");
  tell(511);
  BOOST_TEST(times() == "0");
  tell(1);
  BOOST_TEST(times() == "0 0");
  BOOST_TEST(counted->counts["exported"] == 1'024u);
}

BOOST_AUTO_TEST_CASE(that_is_slow_costs_spans_and_nothing_else) {
  answer(200, 9s);
  start();
  for (int i = 0; i < 10; ++i)
    tell(512);
  BOOST_TEST(times() == "0");
  BOOST_TEST(counted->counts["dropped"] == 3'072u);
  advance(60s);
  BOOST_TEST(times() == "0 9000 18000 27000");
  BOOST_TEST(counted->counts["exported"] == 2'048u);
}

BOOST_AUTO_TEST_CASE(tries_a_collector_that_is_away_a_few_times) {
  answer(503);
  start();
  tell(1);
  advance(10min);
  BOOST_TEST(web->requests.size() == 5u);
  BOOST_TEST(counted->counts["failed"] == 1u);
  answer(200);
  tell(1);
  advance(5s);
  BOOST_TEST(counted->counts["exported"] == 1u);
}

BOOST_AUTO_TEST_CASE(waits_as_long_as_the_collector_asks) {
  web->on_request = [this](const http_request&) {
    auto out = http_status(web->requests.size() < 2 ? 429 : 200);
    out.what->headers["retry-after"] = "20";
    return out;
  };
  start();
  tell(1);
  advance(60s);
  BOOST_TEST(times() == "5000 25000");
  BOOST_TEST(counted->counts["exported"] == 1u);
}

BOOST_AUTO_TEST_CASE(does_not_repeat_what_was_refused) {
  answer(400);
  start();
  tell(3);
  advance(10min);
  BOOST_TEST(times() == "5000");
  BOOST_TEST(counted->counts["rejected"] == 3u);
}

BOOST_AUTO_TEST_CASE(exports_what_it_has_before_it_ends) {
  answer(200, 300ms);
  start();
  tell(2);
  caf::anon_send_exit(exporter, caf::exit_reason::user_shutdown);
  run();
  BOOST_TEST(times() == "0");
  advance(1s);
  BOOST_TEST(counted->counts["exported"] == 2u);
  BOOST_TEST(counted->counts["dropped"] == 0u);
}

BOOST_AUTO_TEST_CASE(does_not_wait_for_a_collector_that_hangs) {
  answer(200, 10s);
  start();
  tell(2);
  caf::anon_send_exit(exporter, caf::exit_reason::user_shutdown);
  run();
  advance(799ms);
  BOOST_TEST(counted->counts["dropped"] == 0u);
  advance(2ms);
  BOOST_TEST(counted->counts["dropped"] == 2u);
  BOOST_TEST(log->times("aborted") == "800");
}

BOOST_AUTO_TEST_SUITE_END()
