// The spans of a whole worker in virtual time.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

const span_context producer{1, 2, 3, true};

struct traced_worker : virtual_worker {
  traced_worker() {
    traced = true;
  }

  job traced_job(const std::string& id) {
    auto out = make_job(id);
    out.created_at_s = unix_now();
    out.trace = producer;
    out.data = R"({"monologue": ["Hi."], "notify_url": "http://r.example/h"})";
    return out;
  }

  std::vector<span> found(const std::string& name) const {
    std::vector<span> out;
    for (auto& x : spans)
      if (x.name == name)
        out.push_back(x);
    return out;
  }

  span the(const std::string& name) const {
    auto all = found(name);
    BOOST_REQUIRE_MESSAGE(all.size() == 1u, name << ": " << all.size());
    return all.front();
  }

  std::string header(const std::string& url) const {
    for (auto& x : web->requests)
      if (x.url == url)
        for (auto& y : x.headers)
          if (y.name == "traceparent")
            return y.value;
    return {};
  }

  static double seconds(const span& x) {
    return x.end_s - x.start_s;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_traced_job, traced_worker)

BOOST_AUTO_TEST_CASE(has_an_attempt_that_waited_for_a_boot) {
  default_script.takes = 7s;
  start();
  push(traced_job("a"));
  advance(10min);
  BOOST_REQUIRE(status("a") == "success");
  auto boot = the("gpu boot");
  auto attempt = the("job process");
  auto wait = the("wait");
  BOOST_TEST(boot.parent == 0u);
  BOOST_TEST(attempt.parent == producer.span);
  BOOST_TEST(attempt.at.trace_low == producer.trace_low);
  BOOST_REQUIRE(attempt.links.size() == 1u);
  BOOST_TEST((attempt.links[0] == boot.at));
  BOOST_TEST(wait.parent == attempt.at.span);
  BOOST_TEST(std::abs(seconds(attempt) - seconds(wait) - 7) < 0.2);
  auto send = the("webhook send");
  BOOST_TEST(send.parent == attempt.at.span);
  BOOST_TEST(header("http://r.example/h") == traceparent_of(send.at));
}

BOOST_AUTO_TEST_CASE(on_a_warm_gpu_links_to_none) {
  start();
  warm_up();
  spans.clear();
  push(traced_job("a"));
  advance(10s);
  BOOST_TEST(the("job process").links.empty());
  BOOST_TEST(seconds(the("wait")) < 0.1);
}

BOOST_AUTO_TEST_CASE(that_is_tried_again_has_a_trace_for_each_attempt) {
  scripts["a/1"] = {2s, failed_outcome({failure_kind::unavailable, "gone"})};
  start();
  push(traced_job("a"));
  advance(10min);
  BOOST_REQUIRE(status("a") == "success");
  auto attempts = found("job process");
  BOOST_REQUIRE(attempts.size() == 2u);
  BOOST_TEST(attempts[0].error == "unavailable");
  BOOST_TEST(attempts[1].error == "");
  BOOST_TEST(attempts[1].parent == 0u);
  BOOST_REQUIRE(!attempts[1].links.empty());
  BOOST_TEST((attempts[1].links[0] == attempts[0].at));
  BOOST_TEST(the("webhook send").at.trace_low == attempts[1].at.trace_low);
}

BOOST_AUTO_TEST_CASE(that_is_cancelled_ends_its_span) {
  default_script.takes = 1h;
  start();
  warm_up();
  spans.clear();
  push(traced_job("a"));
  advance(5s);
  store->jobs.at("a").status = "cancelled";
  advance(30s);
  BOOST_TEST(the("job process").error == "cancelled");
}

BOOST_AUTO_TEST_CASE(tells_the_node_alone) {
  default_script.takes = 1h;
  start();
  warm_up();
  auto x = traced_job("a");
  x.max_time_s = 5;
  push(x);
  advance(30s);
  auto attempt = found("job process").back();
  BOOST_TEST(attempt.error == "deadline_exceeded");
  BOOST_TEST(header("http://n1/interrupt") == traceparent_of(attempt.at));
}

BOOST_AUTO_TEST_CASE(goes_back_without_an_error) {
  default_script.takes = 1h;
  cfg.drain_time = 1s;
  start();
  warm_up();
  spans.clear();
  push(traced_job("a"));
  advance(5s);
  drain();
  drain();
  advance(30s);
  BOOST_TEST(status("a") == "queued");
  BOOST_TEST(the("job process").error == "");
}

BOOST_AUTO_TEST_CASE(costs_nothing_when_nobody_traces) {
  traced = false;
  start();
  push(traced_job("a"));
  advance(10min);
  BOOST_REQUIRE(status("a") == "success");
  BOOST_TEST(spans.empty());
  BOOST_TEST(header("http://r.example/h") == "");
}

BOOST_AUTO_TEST_SUITE_END()
