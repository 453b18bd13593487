// The spans of stages and webhooks.
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/stage_spans.hpp"
#include "actors/webhook/try_spans.hpp"
#include "tests/unit/span_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::span_text;

BOOST_AUTO_TEST_SUITE(the_spans_of_stages)

namespace {

step asks(operation x) {
  step out;
  out.next = call{{std::move(x)}, {}};
  return out;
}

step fetch() {
  http_request x;
  x.public_only = true;
  return asks(x);
}

step upload() {
  http_request x;
  x.parts = {{"files", "", "/w/a.wav", "a.wav", ""}};
  return asks(x);
}

} // namespace

BOOST_AUTO_TEST_CASE(follow_from_what_is_asked) {
  BOOST_TEST(stage_of(fetch()) == "download");
  http_request collect;
  collect.output_file = "/w/result";
  BOOST_TEST(stage_of(asks(collect)) == "render");
  render_environment env;
  env.uploads_url = "http://10.0.0.1/v1/files/";
  auto own = fetch_request(env.uploads_url + std::string(64, 'a'), "x", env);
  BOOST_TEST(!own.public_only);
  BOOST_TEST(stage_of(asks(own)) == "download");
  BOOST_TEST(is_input(own));
  BOOST_TEST(is_input(fetch_request("https://files.example/a", "x", env)));
  BOOST_TEST(!is_input(collect));
  BOOST_TEST(!is_input(http_request{}));
  BOOST_TEST(stage_of(upload()) == "upload");
  BOOST_TEST(stage_of(asks(http_request{})) == "render");
  BOOST_TEST(stage_of(asks(msg::store_file{})) == "store");
  BOOST_TEST(stage_of(asks(msg::prepare_audio{})) == "");
  step x;
  x.next = call{};
  BOOST_TEST(stage_of(x) == "");
  x.next = stream{};
  BOOST_TEST(stage_of(x) == "render");
  x.next = wait{};
  BOOST_TEST(stage_of(x) == "");
  x.next = finish{};
  BOOST_TEST(stage_of(x) == "");
}

BOOST_AUTO_TEST_CASE(are_one_after_the_other) {
  const span_context attempt{1, 2, 3, true};
  stage_spans it{attempt, 9};
  BOOST_TEST((it.current() == attempt));
  it.on_step(fetch(), at(10));
  auto download = it.current();
  BOOST_TEST(download.trace_low == 2u);
  BOOST_TEST(download.span != 3u);
  it.on_step(fetch(), at(11));
  BOOST_TEST((it.current() == download));
  it.on_step(asks(msg::identify_file{}), at(12));
  it.on_step(upload(), at(13));
  it.on_step(asks(http_request{}), at(15));
  step pause;
  pause.next = wait{};
  it.on_step(pause, at(16));
  it.on_step(asks(msg::store_file{}), at(18));
  it.on_end("unfit", at(20));
  BOOST_TEST((it.current() == attempt));
  auto got = it.take();
  BOOST_REQUIRE(got.size() == 4u);
  BOOST_TEST(summary(got[0]) == "download 1010-1013");
  BOOST_TEST(summary(got[1]) == "upload 1013-1015");
  BOOST_TEST(summary(got[2]) == "render 1015-1018");
  BOOST_TEST(summary(got[3]) == "store 1018-1020 unfit");
  for (auto& x : got)
    BOOST_TEST(x.parent == 3u);
  BOOST_TEST((got[0].at == download));
  BOOST_TEST(it.take().empty());
  it.on_end("x", at(21));
  BOOST_TEST(it.take().empty());
}

BOOST_AUTO_TEST_CASE(without_a_trace_there_are_none) {
  stage_spans none{{}, 9};
  none.on_step(fetch(), at(10));
  none.on_end("", at(11));
  BOOST_TEST(none.take().empty());
  BOOST_TEST(!none.current());
  stage_spans unsampled{{1, 2, 3, false}, 9};
  unsampled.on_step(fetch(), at(10));
  BOOST_TEST(unsampled.current().span != 3u);
  unsampled.on_end("", at(11));
  BOOST_TEST(unsampled.take().empty());
}

BOOST_AUTO_TEST_CASE(headers_go_to_the_node_alone) {
  auto node = "https://n.example/csm";
  for (auto* url : {"https://n.example/csm", "https://n.example/csm/config",
                    "https://n.example/csm?x", "wss://n.example/csm/ws?a=b"})
    BOOST_TEST(is_below(url, node), url);
  for (auto* url : {"https://n.example/csmx", "https://n.example",
                    "https://n.example.evil/csm", "https://m.example/csm", "",
                    "n.example/csm"})
    BOOST_TEST(!is_below(url, node), url);
  BOOST_TEST(!is_below("https://n.example/", ""));
  BOOST_TEST(!is_below("https://n.example/", "https://"));
  render_environment env;
  env.csm_url = "https://n.example/csm";
  env.comfyui_url = "https://ui-n.example";
  for (auto* url :
       {"https://n.example/csm/config", "wss://ui-n.example/ws?clientId=1"})
    BOOST_TEST(is_to_node(url, env), url);
  // Neither a producer's URL nor the node's other ones.
  for (auto* url : {"https://files.example/a.wav", "https://n.example/other",
                    "https://files.example/?https://n.example/csm", ""})
    BOOST_TEST(!is_to_node(url, env), url);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_spans_of_webhooks)

namespace {

webhook entry(span_context trace = producer) {
  webhook out{"msg_j", "j", "https://User:pw@Hook.example/secret/path", "{}",
              1};
  out.trace = trace;
  return out;
}

http_response answered(int32_t status) {
  http_response out;
  out.status = status;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(are_one_per_try) {
  webhook_sender::try_spans it{tracer{{}, 4}};
  auto told = it.begin(entry(), 10);
  BOOST_TEST(told.trace_low == producer.trace_low);
  BOOST_TEST(told.span != producer.span);
  auto got = it.end("msg_j", answered(204), at(12));
  BOOST_REQUIRE(got.has_value());
  BOOST_TEST(summary(*got) == "webhook send 1010-1012");
  BOOST_TEST((got->at == told));
  BOOST_TEST(got->parent == producer.span);
  BOOST_TEST(text(*got, "http.response.status_code") == "204");
  BOOST_TEST(text(*got, "c3.webhook.attempt") == "2");
  BOOST_TEST(text(*got, "messaging.message.id") == "j");
  // No name, no password, no path.
  BOOST_TEST(text(*got, "server.address") == "https://hook.example");
  BOOST_TEST(!it.end("msg_j", answered(204), at(12)).has_value());
}

BOOST_AUTO_TEST_CASE(tell_what_went_wrong) {
  webhook_sender::try_spans it{tracer{{}, 4}};
  it.begin(entry(), 10);
  BOOST_TEST(it.end("msg_j", answered(503), at(12))->error == "503");
  it.begin(entry(), 13);
  auto got = it.end("msg_j", fail(failure_kind::unavailable, "no"), at(14));
  BOOST_TEST(got->error == "unavailable");
  BOOST_TEST(text(*got, "http.response.status_code") == "-");
}

BOOST_AUTO_TEST_CASE(of_a_job_that_nobody_traced_there_are_none) {
  webhook_sender::try_spans it{tracer{{}, 4}};
  BOOST_TEST(!it.begin(entry({}), 10));
  BOOST_TEST(!it.end("msg_j", answered(200), at(12)).has_value());
  BOOST_TEST(static_cast<bool>(it.begin(entry({1, 2, 3, false}), 10)));
  BOOST_TEST(!it.end("msg_j", answered(200), at(12)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
