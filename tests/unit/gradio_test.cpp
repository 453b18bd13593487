// Gradio's protocol: descriptions, arguments, requests, answers.
#include "actors/renderer/gradio/app.hpp"
#include "actors/renderer/gradio/requests.hpp"
#include "tests/unit/gradio_script.hpp"

using namespace render;
using namespace render::gradio;
using namespace std::chrono_literals;
using test::contains;
using test::http_answer;

namespace {

using strings = std::vector<std::string>;

const server node{"app", "https://node/app", "key", "/gradio_api"};

constexpr auto config_text = R"({"version":"5.23.3","protocol":"sse_v3",
  "api_prefix":"/gradio_api",
  "components":[
    {"id":1,"type":"textbox","props":{}},
    {"id":2,"type":"state","props":{}},
    {"id":3,"type":"button","skip_api":true},
    {"id":4,"type":"slider","props":{"minimum":0.1,"maximum":2,"step":0.1}},
    {"id":5,"type":"slider","props":{"minimum":1,"maximum":64}}],
  "dependencies":[
    {"id":0,"api_name":false,"inputs":[]},
    {"id":7,"api_name":"do","inputs":[1,2,4,3,5],"outputs":[1]}]})";

constexpr auto info_text = R"({"named_endpoints":{"/do":{"parameters":[
  {"parameter_name":"text","parameter_has_default":false},
  {"parameter_name":"heat","parameter_has_default":true,
   "parameter_default":0.9},
  {"parameter_name":"size","parameter_has_default":true,
   "parameter_default":5}]}},"unnamed_endpoints":{}})";

endpoint described() {
  return read_config("app", http_answer(200, config_text), "/do").value();
}

std::vector<parameter> parameters() {
  return read_info("app", http_answer(200, info_text), "/do").value().value();
}

} // namespace

BOOST_AUTO_TEST_SUITE(descriptions)

BOOST_AUTO_TEST_CASE(tell_where_the_function_is) {
  auto got = described();
  BOOST_TEST(got.prefix == "/gradio_api");
  BOOST_TEST(got.function == 7);
  BOOST_REQUIRE(got.slots.size() == 5u);
  BOOST_TEST(!got.slots[0].skipped);
  BOOST_TEST(got.slots[1].skipped);
  BOOST_TEST(got.slots[3].skipped);
  BOOST_TEST(got.slots[2].range.minimum.value_or(-1) == 0.1);
}

BOOST_AUTO_TEST_CASE(of_gradio_4_have_no_prefix_and_perhaps_no_ids) {
  auto got = read_config("app", http_answer(200, R"({"protocol":"sse_v3",
    "dependencies":[{"api_name":"x"},{"api_name":"do"}]})"),
                         "/do");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->prefix.empty());
  BOOST_TEST(got->function == 1);
  BOOST_TEST(got->slots.empty());
}

BOOST_AUTO_TEST_CASE(of_an_old_protocol_are_refused_by_name) {
  auto got = read_config(
    "csm", http_answer(200, R"({"version":"4.8.0","protocol":"sse"})"), "/do");
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unavailable));
  BOOST_TEST(contains(got.error().message, "unsupported protocol \"sse\""));
  BOOST_TEST(contains(got.error().message, "4.8.0"));
}

BOOST_AUTO_TEST_CASE(that_do_not_come_are_the_nodes_fault) {
  for (auto& x :
       {result<http_response>{http_answer(502, "<html>", "text/html")},
        result<http_response>{http_answer(200, "<html>", "text/html")},
        result<http_response>{http_answer(400, "{}")},
        result<http_response>{http_answer(200, "[]")},
        result<http_response>{http_answer(200, R"({"protocol":"sse_v3"})")},
        result<http_response>{http_answer(
          200, R"({"protocol":"sse_v3","dependencies":[{"api_name":"x"}]})")},
        result<http_response>{fail(failure_kind::unavailable, "refused")}}) {
    auto got = read_config("csm", x, "/do");
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::unavailable));
    BOOST_TEST(contains(got.error().message, "csm"));
  }
}

BOOST_AUTO_TEST_CASE(may_leave_the_parameters_out) {
  auto none = [](int32_t status, const std::string& body) {
    auto got = read_info("app", http_answer(status, body), "/do");
    return got && !*got;
  };
  BOOST_TEST(none(404, R"({"detail":"Not Found"})"));
  BOOST_TEST(none(500, "Internal Server Error"));
  BOOST_TEST(none(200, "<html>"));
  BOOST_TEST(none(200, R"({"named_endpoints":{"/other":{"parameters":[]}}})"));
  // Labels alone are for people.
  BOOST_TEST(none(200, R"({"named_endpoints":{"/do":{"parameters":[
    {"label":"Text"}]}}})"));
  BOOST_TEST(!read_info("app", http_answer(502, "<html>"), "/do"));
  BOOST_TEST(!read_info("app", fail(failure_kind::unavailable, "x"), "/do"));
}

BOOST_AUTO_TEST_CASE(keep_defaults_in_their_json_type) {
  auto got = read_info("app", http_answer(200, R"({"named_endpoints":{"/do":{
    "parameters":[
    {"parameter_name":"a","parameter_has_default":true,"parameter_default":5},
    {"parameter_name":"b","parameter_has_default":true,"parameter_default":5.0},
    {"parameter_name":"c","parameter_has_default":true,
     "parameter_default":null},
    {"parameter_name":"d","parameter_has_default":true,
     "parameter_default":0.363},
    {"parameter_name":"e","parameter_has_default":false,
     "parameter_default":1},
    {"parameter_name":"f","parameter_has_default":true,
     "parameter_default":["x",-1]}]}}})"),
                       "/do");
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(got->has_value());
  strings defaults;
  for (auto& x : **got)
    defaults.push_back(x.default_json);
  BOOST_TEST(defaults
             == (strings{"5", "5.0", "null", "0.363", "", R"(["x",-1])"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(call_arguments)

BOOST_AUTO_TEST_CASE(go_to_their_places_by_name) {
  auto got = place("app", described(), parameters(),
                   {{"size", "7"}, {"text", R"("hi")", true}, {"gone", "1"}});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->json == R"(["hi",null,0.9,null,7])");
  BOOST_TEST(got->adjusted.empty());
}

BOOST_AUTO_TEST_CASE(follow_the_parameters_where_the_app_has_no_slots) {
  endpoint at;
  auto got = place("app", at, parameters(), {{"text", R"("hi")"}});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->json == R"(["hi",0.9,5])");
  BOOST_TEST(place("app", at, {}, {})->json == "[]");
}

BOOST_AUTO_TEST_CASE(that_are_required_fail_by_their_name) {
  auto unknown = place("app", described(), parameters(),
                       {{"text", R"("hi")"}, {"gone", "1", true}});
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(contains(unknown.error().message, "gone"));
  auto unfilled = place("app", described(), parameters(), {{"size", "7"}});
  BOOST_REQUIRE(!unfilled);
  BOOST_TEST(contains(unfilled.error().message, "text"));
}

BOOST_AUTO_TEST_CASE(are_not_guessed_where_the_descriptions_disagree) {
  auto fewer = parameters();
  fewer.pop_back();
  BOOST_TEST(!place("app", described(), fewer, {{"text", R"("hi")"}}));
}

BOOST_AUTO_TEST_CASE(move_into_the_range_of_their_slider) {
  auto placed = [](const char* heat, const char* size) {
    return place("app", described(), parameters(),
                 {{"text", R"("hi")"}, {"heat", heat}, {"size", size}})
      .value();
  };
  auto low = placed("0", "0");
  BOOST_TEST(low.json == R"(["hi",null,0.1,null,1])");
  BOOST_TEST(low.adjusted == (strings{"heat 0 -> 0.1", "size 0 -> 1"}));
  auto high = placed("2.5", "100");
  BOOST_TEST(high.json == R"(["hi",null,2,null,64])");
  // Between two steps is accepted.
  auto between = placed("0.75", "3");
  BOOST_TEST(between.json == R"(["hi",null,0.75,null,3])");
  BOOST_TEST(between.adjusted.empty());
}

// A bound of 1e300 is no int64_t.
BOOST_AUTO_TEST_CASE(move_into_a_range_of_any_size) {
  auto at = described();
  auto placed = [&](const value_range& range, const char* heat) {
    auto known = parameters();
    for (auto& x : known)
      x.range = range;
    for (auto& x : at.slots)
      x.range = {};
    auto got = place("app", at, known, {{"text", R"("x")"}, {"heat", heat}});
    return got.value().json;
  };
  BOOST_TEST(placed({1e300, {}}, "7") == R"(["x",null,1e+300,null,5])");
  BOOST_TEST(placed({{}, -1e300}, "7") == R"(["x",null,-1e+300,null,5])");
  BOOST_TEST(placed({9'007'199'254'740'992, {}}, "7")
             == R"(["x",null,9007199254740992,null,5])");
}

BOOST_AUTO_TEST_CASE(use_the_known_range_where_the_app_tells_none) {
  auto known = parameters();
  for (auto& x : known)
    x.range = {1, 3};
  auto at = described();
  auto placed = [&] {
    return place("app", at, known, {{"text", R"("x")"}, {"heat", "0.5"}});
  };
  BOOST_TEST(placed().value().adjusted.empty());
  at.slots[2].range = {};
  BOOST_TEST(placed().value().json == R"(["x",null,1,null,5])");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(requests)

BOOST_AUTO_TEST_CASE(go_behind_the_prefix_and_carry_the_key) {
  session run{"hash", 3, "e1"};
  BOOST_TEST(config_request(node).url == "https://node/app/config");
  BOOST_TEST(info_request(node).url == "https://node/app/gradio_api/info");
  auto join = join_request(node, run, "[1]");
  BOOST_TEST(join.url == "https://node/app/gradio_api/queue/join");
  BOOST_TEST(join.body == R"({"data":[1],"session_hash":"hash","fn_index":3})");
  auto cancel = cancel_request(node, run);
  BOOST_TEST(cancel.url == "https://node/app/gradio_api/cancel");
  BOOST_TEST(cancel.body
             == R"({"event_id":"e1","session_hash":"hash","fn_index":3})");
  auto stream = stream_request(node, run);
  BOOST_TEST(stream.url
             == "https://node/app/gradio_api/queue/data?session_hash=hash");
  BOOST_TEST((stream.total_timeout == 0ms));
  BOOST_TEST((stream.stall_timeout == 60s));
  auto upload = upload_request(node, "/tmp/a", "a.wav");
  BOOST_REQUIRE(upload.parts.size() == 1u);
  BOOST_TEST(upload.parts[0].name == "files");
  BOOST_TEST(upload.parts[0].file_name == "a.wav");
  for (auto& x : {config_request(node), info_request(node), join, cancel,
                  stream, upload, file_request(node, "/a", "b", 1)})
    BOOST_TEST(test::header(x, "X-C3-API-KEY") == "key");
}

BOOST_AUTO_TEST_CASE(for_files_encode_each_part_of_the_path) {
  auto x = file_request(node, "/tmp/gradio/ab c/ä?#.mp3", "/w/out", 99);
  BOOST_TEST(x.url
             == "https://node/app/gradio_api/file=/tmp/gradio/ab%20c/"
                "%C3%A4%3F%23.mp3");
  BOOST_TEST(x.output_file == "/w/out");
  BOOST_TEST(x.max_body_bytes == 99u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(answers_of_the_app)

BOOST_AUTO_TEST_CASE(to_an_upload_name_its_path) {
  auto read = [](result<http_response> got) {
    return read_upload(node, "audio_url", got);
  };
  BOOST_TEST(*read(http_answer(200, R"(["/tmp/g/a.wav"])")) == "/tmp/g/a.wav");
  auto large = read(http_answer(413, "too large"));
  BOOST_TEST((large.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(large.error().message, "audio_url"));
  BOOST_TEST(
    (read(http_answer(400, "{}")).error().kind == failure_kind::rejected));
  BOOST_TEST(
    (read(http_answer(200, "[]")).error().kind == failure_kind::unavailable));
  BOOST_TEST((read(http_answer(502, "<html>")).error().kind
              == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(to_a_join_name_the_run_or_the_reason) {
  auto read = [](result<http_response> got) {
    return read_join(node, got);
  };
  BOOST_TEST(read(http_answer(200, R"({"event_id":"e1"})"))->event == "e1");
  BOOST_TEST(read(http_answer(503, R"({"detail":"Queue is full."})"))->busy);
  BOOST_TEST(read(http_answer(429, "slow"))->busy);
  auto list = read(http_answer(422, R"({"detail":[{"loc":["body","data"],
    "msg":"Input should be a valid list"}]})"));
  BOOST_TEST((list.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(list.error().message,
                      R"(["body","data"]: Input should be a valid list)"));
  auto validator = read(http_answer(422, R"({"detail":[
    {"is_valid":true,"message":"","parameter_name":"a"},
    {"is_valid":false,"message":"too hot","parameter_name":"heat"}]})"));
  BOOST_TEST(contains(validator.error().message, ": heat: too hot"));
  BOOST_TEST(!contains(validator.error().message, "a: "));
  BOOST_TEST(
    (read(http_answer(400, "{}")).error().kind == failure_kind::rejected));
  for (auto status : {404, 500, 403})
    BOOST_TEST((read(http_answer(status, "<html>")).error().kind
                == failure_kind::unavailable));
  BOOST_TEST(
    (read(http_answer(200, "{}")).error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(to_a_join_may_get_lost_although_the_run_is_queued) {
  auto lost = read_join(node, fail(failure_kind::outcome_unknown, "reset"));
  BOOST_REQUIRE(lost);
  BOOST_TEST(!lost->busy);
  BOOST_TEST(lost->event.empty());
  BOOST_TEST(
    read_join(node, http_answer(504, "<html>", "text/html")).has_value());
  BOOST_TEST(!read_join(node, fail(failure_kind::unavailable, "refused")));
}

BOOST_AUTO_TEST_CASE(at_a_streams_end_are_judged_by_their_type) {
  auto text = [](result<http_response> got) {
    auto why = read_stream_end(node, got);
    BOOST_TEST((why.kind == failure_kind::unavailable));
    return why.message;
  };
  BOOST_TEST(contains(text(http_answer(502, "<html>", "text/html")), "502"));
  BOOST_TEST(contains(text(http_answer(200, "", "text/html")), "text/html"));
  BOOST_TEST(contains(text(http_answer(200, "", "text/event-stream")),
                      "before the run had"));
  BOOST_TEST(
    contains(text(fail(failure_kind::unavailable, "stalled")), "stalled"));
  BOOST_TEST((read_stream_end(node, fail(failure_kind::cancelled, "x")).kind
              == failure_kind::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
