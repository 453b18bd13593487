// Comput3's API: what is asked, and what its answers, pages and silences mean.
#include "actors/io/gpu_cloud/comput3.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace render;
using namespace render::gpu_cloud;
using namespace std::chrono_literals;

namespace {

const std::string page = "<html><head><title>502 Bad Gateway</title></head>"
                         "<body><center>nginx</center></body></html>"
                         + std::string(5'000, ' ') + "the end";

config cfg() {
  config out;
  out.api_key = "key";
  return out;
}

config anywhere() {
  auto out = cfg();
  out.node_domain = "*";
  return out;
}

result<http_response> answered(int32_t status, std::string body,
                               std::string type = "application/json") {
  http_response out;
  out.status = status;
  out.headers["content-type"] = std::move(type);
  out.body = std::move(body);
  return out;
}

result<http_response> html(int32_t status) {
  return answered(status, page, "text/html; charset=utf-8");
}

std::string header(const http_request& x, const std::string& name) {
  for (auto& y : x.headers)
    if (y.name == name)
      return y.value;
  return {};
}

const msg::launch_gpu media{"media:fast", 1'700'007'200};

failure_kind launch_fails(const result<http_response>& got) {
  auto x = read_launch(anywhere(), media, got);
  BOOST_REQUIRE(!x);
  BOOST_TEST(x.error().message.size() < 400u);
  BOOST_TEST(x.error().message.find("the end") == std::string::npos);
  return x.error().kind;
}

} // namespace

BOOST_AUTO_TEST_SUITE(requests)

BOOST_AUTO_TEST_CASE(carry_the_key_the_origin_and_json) {
  for (auto& x : {launch_request(cfg(), media), list_request(cfg(), {}),
                  stop_request(cfg(), {"w"})}) {
    BOOST_TEST(x.method == "POST");
    BOOST_TEST(header(x, "X-C3-API-KEY") == "key");
    BOOST_TEST(header(x, "Content-Type") == "application/json");
    BOOST_TEST(header(x, "Origin") == "https://launch.comput3.ai");
    BOOST_TEST(x.max_redirects == 0u);
    BOOST_TEST(x.total_timeout.count() > 0);
  }
}

BOOST_AUTO_TEST_CASE(say_what_the_api_wants_to_hear) {
  auto launch = launch_request(cfg(), media);
  BOOST_TEST(launch.url == "https://api.comput3.ai/api/v0/launch");
  BOOST_TEST(launch.body == R"({"type":"media:fast","expires":1700007200})");
  auto list = list_request(cfg(), {});
  BOOST_TEST(list.url == "https://api.comput3.ai/api/v0/workloads");
  BOOST_TEST(list.body == R"({"running":true})");
  auto stop = stop_request(cfg(), {R"(w"1)"});
  BOOST_TEST(stop.url == "https://api.comput3.ai/api/v0/stop");
  BOOST_TEST(stop.body == R"({"workload":"w\"1"})");
}

BOOST_AUTO_TEST_CASE(probe_the_node_and_each_service) {
  auto url = [](const std::string& service) {
    return probe_request(cfg(), {"n.comput3.ai", service}).url;
  };
  BOOST_TEST(url("") == "https://n.comput3.ai/");
  BOOST_TEST(url("csm") == "https://n.comput3.ai/csm/config");
  BOOST_TEST(url("whisper") == "https://n.comput3.ai/whisper/config");
  BOOST_TEST(url("portrait") == "https://ui-n.comput3.ai/system_stats");
  BOOST_TEST(url("analyze") == "https://n.comput3.ai/api/tags");
  auto x = probe_request(cfg(), {"n", "", std::chrono::milliseconds{5'000}});
  BOOST_TEST(x.total_timeout.count() == 5'000);
  BOOST_TEST(header(x, "X-C3-API-KEY") == "key");
  BOOST_TEST(header(x, "Origin").empty());
}

BOOST_AUTO_TEST_CASE(fill_templates) {
  BOOST_TEST(node_url("http://{node}:1/{node}/", "n") == "http://n:1/n");
  BOOST_TEST(node_url("http://127.0.0.1:9", "n") == "http://127.0.0.1:9");
  // A node's name is no template.
  BOOST_TEST(node_url("http://{node}/", "{node}") == "http://{node}");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_answer_to_a_launch)

BOOST_AUTO_TEST_CASE(names_the_gpu) {
  auto x = read_launch(anywhere(), media,
                       answered(200, R"({"node":"n.example","workload":"w1",)"
                                     R"("workload_key":"secret"})"));
  BOOST_REQUIRE(x);
  BOOST_TEST(x->workload == "w1");
  BOOST_TEST(x->node == "n.example");
  BOOST_TEST(x->type == "media:fast");
  BOOST_TEST(x->expires_s == 1'700'007'200);
  BOOST_TEST(x->running);
}

BOOST_AUTO_TEST_CASE(may_lack_the_node_for_a_while) {
  auto x = read_launch(anywhere(), media,
                       answered(200, R"({"workload":"w1"})"));
  BOOST_REQUIRE(x);
  BOOST_TEST(x->node.empty());
}

BOOST_AUTO_TEST_CASE(leaves_open_whether_a_gpu_was_rented) {
  for (auto status : {408, 500, 501, 502, 503, 504, 520, 524, 530, 599})
    BOOST_TEST((launch_fails(html(status)) == failure_kind::outcome_unknown));
  // JSON, but of a proxy or a framework: it does not say that nothing was made.
  for (auto* body : {"",
                     "{",
                     "{}",
                     "[]",
                     "null",
                     R"({"message":""})",
                     R"({"message":7})",
                     R"({"message":"Internal server error"})",
                     R"({"error":"Endpoint request timed out"})",
                     R"({"error":"Gateway Timeout"})",
                     R"({"message":"Service Unavailable"})",
                     R"({"error":"database is locked"})",
                     R"({"message":"Bad Gateway"})",
                     R"({"message":"no healthy upstream"})",
                     R"({"error":"unknown type: Decimal"})",
                     R"({"message":"no GPU driver answers on the new node"})",
                     R"({"message":"internal error: no GPU free"})",
                     R"({"error":{"message":"no GPU free"}})",
                     R"("no GPU free")",
                     R"(["no GPU free"])"})
    for (auto status : {408, 500, 503, 529, 599})
      BOOST_TEST(
        (launch_fails(answered(status, body)) == failure_kind::outcome_unknown),
        body);
  // A refusal is JSON by its type, too.
  BOOST_TEST(
    (launch_fails(answered(503, R"({"error":"no GPU free"})", "text/html"))
     == failure_kind::outcome_unknown));
  for (auto status : {502, 504, 522})
    BOOST_TEST((launch_fails(answered(status, R"({"error":"no GPU free"})"))
                == failure_kind::outcome_unknown));
  // A 200 that says nothing of a workload.
  for (auto* body : {"", "{}", "[]", "null", "7", R"({"workload":7})",
                     R"({"workload":""})", "{"})
    BOOST_TEST(
      (launch_fails(answered(200, body)) == failure_kind::outcome_unknown));
  BOOST_TEST((launch_fails(html(200)) == failure_kind::outcome_unknown));
  BOOST_TEST((launch_fails(fail(failure_kind::outcome_unknown, "cut"))
              == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(is_worth_another_try) {
  for (auto status : {403, 429})
    BOOST_TEST((launch_fails(html(status)) == failure_kind::unavailable));
  // The API's own refusal: nothing was made.
  for (auto status : {408, 500, 503})
    for (auto* body :
         {R"({"error":"no GPU free"})", R"({"message":"no GPU free"})",
          R"({"message":"Launch failed: No GPUs available, try later"})",
          R"({"message":"Sold out"})", R"({"error":"out of capacity"})",
          R"({"message":"Insufficient balance"})",
          R"({"message":"Unknown workload type 'media:fast'"})"})
      BOOST_TEST(
        (launch_fails(answered(status, body)) == failure_kind::unavailable));
  BOOST_TEST((launch_fails(fail(failure_kind::unavailable, "refused"))
              == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(is_final_when_the_api_itself_refuses) {
  for (auto status : {400, 401, 402, 403, 404})
    BOOST_TEST((launch_fails(answered(status, R"({"error":"no"})"))
                == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(is_told_in_short) {
  auto x = read_launch(anywhere(), media,
                       answered(402, R"({"message":"no balance"})"));
  BOOST_TEST(x.error().message
             == "launch media:fast: HTTP 402 (application/json): no balance");
  // Its media type, too, is anything that a proxy likes.
  auto rude = answered(402, "", "te\x1b[31mxt" + std::string(5'000, 'x'));
  BOOST_TEST((launch_fails(rude) == failure_kind::rejected));
  BOOST_TEST(read_launch(anywhere(), media, rude).error().message.find('\x1b')
             == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_workload_list)

BOOST_AUTO_TEST_CASE(is_read_with_floats_and_gaps) {
  auto x = read_list(anywhere(), answered(200, R"([
    {"workload":"w1","node":"n1","type":"media:fast","status":"running",
     "running":true,"created":1700000000.25,"expires":1700007200},
    {"workload":"w2"},
    {"workload":"w3","running":false,"created":"soon","expires":null,"node":7},
    {"node":"no id"}, null, 7, "text", []
  ])"));
  BOOST_REQUIRE(x);
  BOOST_REQUIRE(x->size() == 3u);
  BOOST_TEST((*x)[0].created_s == 1'700'000'000.25);
  BOOST_TEST((*x)[0].expires_s == 1'700'007'200);
  BOOST_TEST((*x)[0].node == "n1");
  BOOST_TEST((*x)[1].running);
  BOOST_TEST((*x)[1].created_s == 0);
  BOOST_TEST(!(*x)[2].running);
  BOOST_TEST((*x)[2].created_s == 0);
  BOOST_TEST((*x)[2].node.empty());
}

BOOST_AUTO_TEST_CASE(is_not_empty_because_it_could_not_be_read) {
  for (auto& got :
       {html(200), html(502), html(403), answered(200, "{}"),
        answered(200, "null"), answered(200, ""), answered(500, "[]"),
        result<http_response>{fail(failure_kind::unavailable, "refused")}}) {
    auto x = read_list(anywhere(), got);
    BOOST_REQUIRE(!x);
    BOOST_TEST((x.error().kind == failure_kind::unavailable));
    BOOST_TEST(x.error().message.size() < 400u);
  }
  BOOST_TEST(read_list(anywhere(), answered(200, "[]"))->empty());
}

BOOST_AUTO_TEST_CASE(names_no_workload_that_would_be_two) {
  // In the ledger ids stand a line each.
  auto x = read_list(anywhere(),
                     answered(200, "[{\"workload\":\"w1\\nw2\"},"
                                   "{\"workload\":\"w\\u001fx\"},"
                                   "{\"workload\":\""
                                     + std::string(201, 'w')
                                     + "\"},{\"workload\":\"w3\"}]"));
  BOOST_REQUIRE(x);
  BOOST_REQUIRE(x->size() == 1u);
  BOOST_TEST((*x)[0].workload == "w3");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_answer_to_a_stop)

BOOST_AUTO_TEST_CASE(may_lack_its_fields) {
  BOOST_TEST(*read_stop({"w"}, answered(200, R"({"stopped":1,)"
                                             R"("refund_amount":0.25})"))
             == 0.25);
  BOOST_TEST(*read_stop({"w"}, answered(200, "{}")) == 0);
}

BOOST_AUTO_TEST_CASE(counts_when_the_workload_is_gone_already) {
  BOOST_TEST(read_stop({"w"}, answered(404, "{}")).has_value());
  BOOST_TEST(
    read_stop({"w"}, answered(400, R"({"error":"Workload not found"})"))
      .has_value());
  BOOST_TEST(read_stop({"w"}, answered(409, R"({"message":"Already stopped"})"))
               .has_value());
}

BOOST_AUTO_TEST_CASE(does_not_count_when_a_proxy_says_so) {
  for (auto status : {403, 404, 502, 503})
    BOOST_TEST(!read_stop({"w"}, html(status)));
  BOOST_TEST(!read_stop({"w"}, html(200)));
  BOOST_TEST(!read_stop({"w"}, fail(failure_kind::outcome_unknown, "cut")));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_answer_to_a_probe)

BOOST_AUTO_TEST_CASE(of_the_node_is_any_200) {
  BOOST_TEST(read_probe({"n", ""}, html(200)).has_value());
  BOOST_TEST(!read_probe({"n", ""}, html(302)));
  BOOST_TEST(!read_probe({"n", ""}, html(502)));
  BOOST_TEST(!read_probe({"n", ""}, fail(failure_kind::unavailable, "x")));
}

BOOST_AUTO_TEST_CASE(of_a_service_is_its_own_json) {
  for (auto* service : {"csm", "whisper", "analyze"}) {
    BOOST_TEST(read_probe({"n", service}, answered(200, "{}")).has_value());
    BOOST_TEST(!read_probe({"n", service}, html(200)));
    BOOST_TEST(!read_probe({"n", service}, answered(200, "[]")));
  }
  // No Ollama, yet a vision server.
  auto not_found = answered(404, R"({"detail":"Not Found"})");
  BOOST_TEST(read_probe({"n", "analyze"}, not_found).has_value());
  BOOST_TEST(!read_probe({"n", "analyze"}, html(404)));
  BOOST_TEST(!read_probe({"n", "csm"}, not_found));
  BOOST_TEST(!read_probe({"n", "portrait"}, answered(200, "{}")));
  BOOST_TEST(read_probe({"n", "portrait"}, answered(200, R"({"system":{}})"))
               .has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_key)

BOOST_AUTO_TEST_CASE(goes_to_hosts_of_the_provider_only) {
  for (auto* x : {"gpu-1.comput3.ai", "a.b.comput3.ai", "comput3.ai"})
    BOOST_TEST(is_node_of(cfg(), x), x);
  for (auto* x :
       {"thief.example", "comput3.ai.thief.example", "xcomput3.ai",
        "a.comput3.ai:8080", "a.comput3.ai/x", "thief.example/.comput3.ai",
        "u@a.comput3.ai", "thief.example#.comput3.ai", "", ".comput3.ai",
        "127.0.0.1", "thief.example?.comput3.ai"}) {
    BOOST_TEST(!is_node_of(cfg(), x), x);
    auto answer = R"({"workload":"w","node":)" + json::quote(x) + "}";
    BOOST_TEST(read_launch(cfg(), media, answered(200, answer))->node == "");
    auto list = read_list(cfg(), answered(200, "[" + answer + "]"));
    BOOST_TEST(list->at(0).node == "", x);
    BOOST_TEST(probe_request(cfg(), {gpu_host{x}, "", 1s}).url == "", x);
  }
  // Where the template says the domain, a node is a host name all the same.
  for (auto* x : {"thief.example/", "a:80", "u@a", "a/../b"})
    BOOST_TEST(!is_node_of(anywhere(), x), x);
  BOOST_TEST(is_node_of(anywhere(), "8123"));
}

BOOST_AUTO_TEST_CASE(stays_below_a_domain_that_follows_from_the_settings) {
  auto domain = [](std::string_view api, std::string_view node,
                   std::string_view ui, std::string_view wanted = "") {
    return node_domain_of(wanted, api, node, ui);
  };
  auto* api = "https://api.comput3.ai/api/v0";
  BOOST_TEST(domain(api, "https://{node}", "https://ui-{node}")
             == "comput3.ai");
  BOOST_TEST(domain(api, "https://{node}:8443/x", "https://ui-{node}")
             == "comput3.ai");
  BOOST_TEST(domain(api, "https://p.example/{node}", "https://ui-{node}")
             == "comput3.ai");
  BOOST_TEST(domain(api, "https://{node}", "https://ui-{node}", "gpu.example")
             == "gpu.example");
  BOOST_TEST(domain(api, "https://{node}", "https://ui-{node}", "*") == "*");
  BOOST_TEST(domain("http://127.0.0.1:1/api/v0",
                    "http://127.0.0.1:1/node/{node}",
                    "http://127.0.0.1:1/ui/{node}")
             == "*");
  BOOST_TEST(domain(api, "http://127.0.0.1:{node}", "http://127.0.0.1:{node}")
             == "*");
  BOOST_TEST(
    domain(api, "https://{node}.gpu.example", "https://ui-{node}.gpu.example")
    == "*");
  // Never a whole top-level domain.
  BOOST_TEST(domain("https://comput3.ai", "https://{node}", "https://{node}")
             == "comput3.ai");
  BOOST_TEST(domain("http://localhost:1", "http://{node}", "http://{node}")
             == "localhost");
}

BOOST_AUTO_TEST_CASE(a_label_has_few_values) {
  BOOST_TEST(code_of(answered(402, "")) == "402");
  BOOST_TEST(code_of(answered(7'000, "")) == "other");
  BOOST_TEST(code_of(fail(failure_kind::outcome_unknown, "lost"))
             == to_string(failure_kind::outcome_unknown));
  auto call = call_event("stop", answered(503, ""), 1.5);
  BOOST_TEST(call.name == "provider_called");
  BOOST_TEST(call.part == "stop");
  BOOST_TEST(call.outcome == "503");
  BOOST_TEST(call.seconds == 1.5);
}

BOOST_AUTO_TEST_SUITE_END()
