// OTLP in JSON, and what a collector's answers mean.
#include "actors/io/spans/otlp.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

const span_context at{0x0af7651916cd43dd, 0x8448eb211c80319c, 0xb7, true};

span one() {
  span out;
  out.name = "job process";
  out.kind = span_kind::consumer;
  out.at = at;
  out.start_s = 1'700'000'000.25;
  out.end_s = 1'700'000'001.5;
  return out;
}

std::string encoded(const span& x) {
  auto all = otlp::encode({}, {x});
  auto begin = all.find(R"("spans":[)") + 9;
  return all.substr(begin, all.size() - begin - 6);
}

http_response answered(int32_t status, std::string body = {}) {
  http_response out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

otlp::verdict judged(result<http_response> got) {
  return otlp::judge(got, 784'111'770);
}

using kind = otlp::verdict::kind;

} // namespace

BOOST_AUTO_TEST_SUITE(otlp_spans)

BOOST_AUTO_TEST_CASE(a_span_is_written_as_the_protocol_has_it) {
  BOOST_TEST(encoded(one())
             == R"({"traceId":"0af7651916cd43dd8448eb211c80319c",)"
                R"("spanId":"00000000000000b7","flags":1,)"
                R"("name":"job process","kind":5,)"
                R"("startTimeUnixNano":"1700000000250000000",)"
                R"("endTimeUnixNano":"1700000001500000000",)"
                R"("attributes":[]})");
}

BOOST_AUTO_TEST_CASE(parent_state_attributes_links_and_errors) {
  auto x = one();
  x.parent = 0x1f;
  x.at.state = "a=1";
  add_text(x, "c3.job.type", "csm");
  add_text(x, "left.out", "");
  add_number(x, "c3.job.attempt", -2);
  x.links = {{1, 2, 3, false}, {4, 5, 6, true, "b=2"}};
  x.error = "unavailable";
  x.error_text = "gone \"away\"\n";
  BOOST_TEST(
    encoded(x)
    == R"({"traceId":"0af7651916cd43dd8448eb211c80319c",)"
       R"("spanId":"00000000000000b7","traceState":"a=1",)"
       R"("parentSpanId":"000000000000001f","flags":1,)"
       R"("name":"job process","kind":5,)"
       R"("startTimeUnixNano":"1700000000250000000",)"
       R"("endTimeUnixNano":"1700000001500000000",)"
       R"("attributes":[{"key":"c3.job.type","value":{"stringValue":"csm"}},)"
       R"({"key":"c3.job.attempt","value":{"intValue":"-2"}},)"
       R"({"key":"error.type","value":{"stringValue":"unavailable"}}],)"
       R"("links":[{"traceId":"00000000000000010000000000000002",)"
       R"("spanId":"0000000000000003","flags":0},)"
       R"({"traceId":"00000000000000040000000000000005",)"
       R"("spanId":"0000000000000006","traceState":"b=2","flags":1}],)"
       R"("status":{"code":2,"message":"gone \"away\"\n"}})");
}

BOOST_AUTO_TEST_CASE(the_resource_and_the_scope) {
  BOOST_TEST(otlp::encode({{{"service.name", "w"}, {"a", "b"}}, "1.2"}, {})
             == R"({"resourceSpans":[{"resource":{"attributes":[)"
                R"({"key":"service.name","value":{"stringValue":"w"}},)"
                R"({"key":"a","value":{"stringValue":"b"}}]},)"
                R"("scopeSpans":[{"scope":{"name":"c3-render-worker",)"
                R"("version":"1.2"},"spans":[]}]}]})");
}

BOOST_AUTO_TEST_CASE(many_spans_are_one_document) {
  auto doc = json::parse(otlp::encode({}, {one(), one(), one()}));
  BOOST_REQUIRE(doc.has_value());
  auto* resources = json::find(*doc, "resourceSpans");
  auto* scopes = json::find((*resources)[0], "scopeSpans");
  BOOST_TEST(json::find((*scopes)[0], "spans")->Size() == 3u);
}

BOOST_AUTO_TEST_CASE(odd_times_and_texts_stay_valid) {
  auto x = one();
  x.start_s = -5;
  x.end_s = -6;
  x.name = "\xff" + std::string(10'000, 'x');
  auto text = encoded(x);
  BOOST_TEST(text.find(R"("startTimeUnixNano":"0","endTimeUnixNano":"0")")
             != std::string::npos);
  BOOST_TEST(text.size() < 5'000u);
  BOOST_TEST(json::parse(text).has_value());
  x.start_s = 1'999'999'999.999999999;
  x.end_s = x.start_s - 10;
  text = encoded(x);
  // It ends no sooner than it begins.
  BOOST_TEST(text.find(R"("endTimeUnixNano":"2000000000000000000")")
             != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(answers_of_a_collector)

BOOST_AUTO_TEST_CASE(what_is_taken) {
  for (auto* body : {"", "{}", "nonsense", "[]", R"({"partialSuccess":{}})",
                     R"({"partialSuccess":3})",
                     R"({"partialSuccess":{"rejectedSpans":"-3"}})",
                     R"({"partialSuccess":{"rejectedSpans":-3}})",
                     R"({"partialSuccess":{"rejectedSpans":"1e3"}})",
                     R"({"partialSuccess":{"rejectedSpans":)"
                     R"("99999999999999999999"}})"}) {
    auto x = judged(answered(200, body));
    BOOST_TEST((x.what == kind::taken), body);
    BOOST_TEST(x.rejected == 0u, body);
  }
  for (auto* body : {R"({"partialSuccess":{"rejectedSpans":"3"}})",
                     R"({"partialSuccess":{"rejectedSpans":3}})"})
    BOOST_TEST(judged(answered(202, body)).rejected == 3u);
}

BOOST_AUTO_TEST_CASE(what_is_tried_again) {
  for (auto status : {429, 502, 503, 504})
    BOOST_TEST((judged(answered(status)).what == kind::again), status);
  for (auto status : {301, 400, 401, 403, 404, 405, 408, 413, 415, 500, 501})
    BOOST_TEST((judged(answered(status)).what == kind::refused), status);
  using fk = failure_kind;
  BOOST_TEST((judged(fail(fk::unavailable, "x")).what == kind::again));
  BOOST_TEST((judged(fail(fk::outcome_unknown, "x")).what == kind::again));
  for (auto kind_of : {fk::invalid_input, fk::rejected, fk::aborted})
    BOOST_TEST((judged(fail(kind_of, "x")).what == kind::refused));
}

BOOST_AUTO_TEST_CASE(how_long_to_wait_and_why) {
  auto got = answered(429, "slow down");
  got.headers["retry-after"] = "7";
  BOOST_TEST(judged(got).retry_after.count() == 7'000);
  BOOST_TEST(judged(got).why == "HTTP 429: slow down");
  got.headers["retry-after"] = "Sun, 06 Nov 1994 08:49:37 GMT";
  BOOST_TEST(judged(got).retry_after.count() == 7'000);
  got.status = 504;
  BOOST_TEST(judged(got).retry_after.count() == 0);
  BOOST_TEST(judged(answered(404)).why == "HTTP 404");
  BOOST_TEST(judged(fail(failure_kind::unavailable, "no route")).why
             == "no route");
}

BOOST_AUTO_TEST_SUITE_END()
