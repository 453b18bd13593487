// The status port, asked over a real socket.
#include "app/worker/status_server.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>
#include <httplib.h>

using namespace render;

namespace {

msg::node_status busy_node() {
  msg::node_status x;
  x.gpus.push_back({1,
                    gpu_phase::ready,
                    "entry-1",
                    "w-1",
                    "calm-otter",
                    {job_kind::csm},
                    1,
                    1'700'000'000.0,
                    0,
                    "",
                    false,
                    false});
  x.running_jobs = {"job-1"};
  x.waiting_by_type = {{"analyze", 4}};
  x.jobs_succeeded = 7;
  x.jobs_failed = 2;
  return x;
}

std::string local(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

} // namespace

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(the_json_form_names_gpus_and_jobs) {
  auto doc = json::parse(to_json(busy_node()));
  BOOST_REQUIRE(doc);
  auto& gpus = *json::find(*doc, "gpus");
  BOOST_REQUIRE_EQUAL(gpus.Size(), 1u);
  BOOST_TEST(json::string_or_empty(gpus[0], "phase") == "ready");
  BOOST_TEST(*json::integer(*json::find(*doc, "waiting"), "analyze") == 4);
}

BOOST_AUTO_TEST_CASE(where_others_can_ask_no_gpu_can_be_found) {
  auto text = to_json(busy_node(), false);
  BOOST_TEST(text.find("calm-otter") == std::string::npos);
  BOOST_TEST(text.find("w-1") == std::string::npos);
  BOOST_TEST(text.find("\"phase\":\"ready\"") != std::string::npos);
  BOOST_TEST(to_json(busy_node()).find("calm-otter") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(both_tell_why_no_gpu_is_launched) {
  auto x = busy_node();
  x.at_s = 1'700'000'000;
  auto& why = x.launches["ollama_webui:fast"];
  why.kind = launch_reason_kind::provider_refuses;
  why.jobs = 4;
  why.attempt = 2;
  why.since_s = x.at_s - 30;
  why.until_s = x.at_s + 12;
  why.words = "launch: HTTP 503 by calm-otter";
  auto doc = json::parse(to_json(x));
  BOOST_REQUIRE(doc);
  auto& told = *json::find(*json::find(*doc, "launches"), "ollama_webui:fast");
  BOOST_TEST(json::string_or_empty(told, "reason") == "provider_refuses");
  BOOST_TEST(*json::integer(told, "jobs") == 4);
  BOOST_TEST(*json::number(told, "until") == x.at_s + 12);
  BOOST_TEST(json::string_or_empty(told, "text")
             == "waits for a GPU of ollama_webui:fast: GPUs fail since 30 s "
                "(attempt 2: launch: HTTP 503 by calm-otter), launch in 12 s");
  // Where others can ask, no node is named.
  BOOST_TEST(to_json(x, false).find("calm-otter") == std::string::npos);
  BOOST_TEST(to_json(x, false).find("(attempt 2), launch in 12 s")
             != std::string::npos);
  BOOST_TEST(
    to_metrics(x).find("c3_launch_reason{reason=\"provider_refuses\",workload="
                       "\"ollama_webui:fast\"} 4")
    != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_metrics_count_ends_by_status) {
  auto text = to_metrics(busy_node());
  BOOST_TEST(text.find("c3_jobs_ended_total{status=\"success\"} 7")
             != std::string::npos);
  BOOST_TEST(text.find("c3_jobs_ended_total{status=\"failed\"} 2")
             != std::string::npos);
  BOOST_TEST(text.find("c3_gpus{phase=\"ready\"} 1") != std::string::npos);
  BOOST_TEST(text.find("c3_jobs_waiting{type=\"analyze\"} 4")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(both_tell_why_nothing_is_claimed) {
  auto x = busy_node();
  x.unfit = "disk";
  x.unfit_text = "no room";
  x.disk_free_bytes = 4'096;
  x.results_waiting = 3;
  auto doc = json::parse(to_json(x));
  BOOST_REQUIRE(doc);
  BOOST_TEST(json::string_or_empty(*doc, "unfit") == "disk");
  BOOST_TEST(json::string_or_empty(*doc, "unfit_text") == "no room");
  auto text = to_metrics(x);
  for (auto* line :
       {"c3_unfit{reason=\"disk\"} 1", "c3_unfit{reason=\"storage\"} 0",
        "c3_disk_free_bytes 4096", "c3_results_waiting 3"})
    BOOST_TEST(text.find(line) != std::string::npos, line);
}

BOOST_AUTO_TEST_CASE(healthz_is_200_while_the_supervisor_answers) {
  bool alive = true;
  auto server = status_server::start(
    "127.0.0.1:0", {[&]() -> result<msg::node_status> {
                      if (alive)
                        return busy_node();
                      return fail(failure_kind::outcome_unknown, "no answer");
                    },
                    []() -> result<void> {
                      return fail(failure_kind::unavailable, "Redis is away");
                    }});
  BOOST_REQUIRE(server);
  auto address = local((*server)->port());
  BOOST_TEST(check_health(address).has_value());
  httplib::Client client{"127.0.0.1", (*server)->port()};
  BOOST_TEST(client.Get("/readyz")->status == 503);
  BOOST_TEST(client.Get("/metrics")->status == 200);
  alive = false;
  auto sick = check_health(address);
  BOOST_REQUIRE(!sick);
  BOOST_TEST(sick.error().message.find("no answer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_address_in_use_is_a_failure_that_names_it) {
  auto status = []() -> result<msg::node_status> {
    return msg::node_status{};
  };
  auto ready = []() -> result<void> {
    return {};
  };
  auto first = status_server::start("127.0.0.1:0", {status, ready});
  BOOST_REQUIRE(first);
  auto address = local((*first)->port());
  auto second = status_server::start(address, {status, ready});
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().message.find(address) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nobody_listening_is_unhealthy) {
  BOOST_TEST(!check_health("127.0.0.1:1").has_value());
  BOOST_TEST(!check_health("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
