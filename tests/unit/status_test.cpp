// The status port, asked over a real socket.
#include "app/worker/status_server.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

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

BOOST_AUTO_TEST_CASE(the_balance_is_shown_to_this_machine_alone) {
  account::sight seen{job_store::account_balance{12.5, 1'700'000'000},
                      {{workload_type{"media:fast"}, 2}}};
  auto doc = json::parse(to_json(busy_node(), true, nullptr, seen));
  BOOST_REQUIRE(doc);
  auto& balance = *json::find(*doc, "balance");
  BOOST_TEST(*json::number(balance, "amount") == 12.5);
  BOOST_TEST(*json::number(balance, "at") == 1'700'000'000);
  BOOST_TEST(*json::integer(*json::find(*doc, "unknown_gpus"), "media:fast")
             == 2);
  auto far = to_json(busy_node(), false, nullptr, seen);
  BOOST_TEST(far.find("balance") == std::string::npos);
  BOOST_TEST(far.find("unknown_gpus") == std::string::npos);
  BOOST_TEST(to_json(busy_node()).find("balance") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_status_tells_why_no_gpu_is_launched) {
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
}

BOOST_AUTO_TEST_CASE(the_status_tells_why_nothing_is_claimed) {
  auto x = busy_node();
  x.unfit = "disk";
  x.unfit_text = "no room";
  x.disk_free_bytes = 4'096;
  x.results_waiting = 3;
  auto doc = json::parse(to_json(x));
  BOOST_REQUIRE(doc);
  BOOST_TEST(json::string_or_empty(*doc, "unfit") == "disk");
  BOOST_TEST(json::string_or_empty(*doc, "unfit_text") == "no room");
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
                    },
                    {},
                    [](const msg::node_status& x, const msg::peers_report*) {
                      return std::to_string(x.jobs_succeeded);
                    }});
  BOOST_REQUIRE(server);
  auto address = local((*server)->port());
  BOOST_TEST(check_health(address).has_value());
  httplib::Client client{"127.0.0.1", (*server)->port()};
  BOOST_TEST(client.Get("/readyz")->status == 503);
  BOOST_TEST(client.Get("/metrics")->body == "7");
  alive = false;
  auto sick = check_health(address);
  BOOST_REQUIRE(!sick);
  BOOST_TEST(sick.error().message.find("no answer") != std::string::npos);
}

// Idle clients, slow ones, and questions that take long hold up nobody who
// looks after the worker's health.
BOOST_AUTO_TEST_CASE(health_is_answered_within_100_ms_whatever_else_is_open) {
  using namespace std::chrono_literals;
  std::atomic<bool> slow{false};
  std::atomic<bool> asked{false};
  auto server = status_server::start(
    "127.0.0.1:0", {[&]() -> result<msg::node_status> {
                      if (slow) {
                        asked = true;
                        std::this_thread::sleep_for(2s);
                      }
                      return busy_node();
                    },
                    [&]() -> result<void> {
                      if (slow)
                        std::this_thread::sleep_for(2s);
                      return {};
                    },
                    {},
                    [](const msg::node_status&, const msg::peers_report*) {
                      return std::string(1 << 20, 'x');
                    }});
  BOOST_REQUIRE(server);
  auto port = (*server)->port();
  // Two that keep their connections open and ask nothing.
  httplib::Client idle_one{"127.0.0.1", port};
  httplib::Client idle_two{"127.0.0.1", port};
  for (auto* x : {&idle_one, &idle_two}) {
    x->set_keep_alive(true);
    BOOST_TEST(x->Get("/")->status == 200);
  }
  // Ten that send half a request, and one that does not read its answer.
  std::vector<int> lazy;
  for (auto i = 0; i < 11; ++i) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
    BOOST_REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to))
                  == 0);
    std::string_view said = i < 10 ? "GET /metr"
                                   : "GET /metrics HTTP/1.1\r\nHost: "
                                     "localhost\r\n\r\n";
    BOOST_TEST(::send(fd, said.data(), said.size(), 0)
               == static_cast<ssize_t>(said.size()));
    lazy.push_back(fd);
  }
  auto end = std::chrono::steady_clock::now() + 10s;
  // Health has its last answer only from a look that has ended.
  while (!check_health(local(port)) && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  httplib::Client early{"127.0.0.1", port};
  auto is_ready = [&early] {
    auto got = early.Get("/readyz");
    return got && got->status == 200;
  };
  while (!is_ready() && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  BOOST_REQUIRE(is_ready());
  slow = true;
  std::thread asker{[port] {
    httplib::Client x{"127.0.0.1", port};
    x.set_read_timeout(10s);
    x.Get("/metrics");
  }};
  // Else health would be asked of a server with nothing to do.
  while (!asked && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  BOOST_REQUIRE(asked);
  for (auto* path : {"/healthz", "/readyz"}) {
    std::vector<std::chrono::steady_clock::duration> took;
    for (auto i = 0; i < 9; ++i) {
      httplib::Client x{"127.0.0.1", port};
      auto begin = std::chrono::steady_clock::now();
      auto got = x.Get(path);
      took.push_back(std::chrono::steady_clock::now() - begin);
      BOOST_REQUIRE(got);
      BOOST_TEST(got->status == 200);
    }
    // 60 ms of patience; a moment without a processor moves no median.
    std::sort(took.begin(), took.end());
    BOOST_TEST((took[took.size() / 2] < 100ms),
               path << std::chrono::duration<double>(took[4]).count());
  }
  asker.join();
  for (auto fd : lazy)
    ::close(fd);
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
