// Gradio's event streams, and a run read from one.
#include "actors/renderer/gradio/requests.hpp"
#include "actors/renderer/gradio/run_reader.hpp"
#include "tests/unit/gradio_script.hpp"

using namespace render;
using namespace render::gradio;
using test::contains;
using test::sse;

namespace {

using strings = std::vector<std::string>;

/// The events' data when the text arrives in pieces of this size.
strings events(std::string_view text, size_t piece = std::string_view::npos) {
  event_parser parser;
  strings out;
  auto size = std::min(piece, text.size());
  for (size_t i = 0; i < text.size(); i += size)
    parser.add(text.substr(i, size), [&](std::string_view data) {
      out.emplace_back(data);
    });
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(event_streams)

BOOST_AUTO_TEST_CASE(are_read_the_same_wherever_the_pieces_end) {
  std::string text = "\xEF\xBB\xBF: hello\r\ndata: {\"a\":\"\xC3\xA4\"}\r\n\r\n"
                     "event: x\rid: 3\rdata:one\rdata: two\r\r"
                     "data: x\r\ndata: y\r\n\r\n"
                     "data\n\ndata:  spaced\n\n\n\nretry: 1\n\ndata: open\n";
  strings expected{"{\"a\":\"\xC3\xA4\"}", "one\ntwo", "x\ny", "", " spaced"};
  for (size_t piece = 1; piece <= text.size(); ++piece)
    BOOST_TEST(events(text, piece) == expected, "pieces of " << piece);
}

BOOST_AUTO_TEST_CASE(join_empty_data_lines_too) {
  BOOST_TEST(events("data:\ndata:\n\n") == strings{"\n"});
  BOOST_TEST(events("data: a\ndata\ndata: b\n\n") == strings{"a\n\nb"});
}

BOOST_AUTO_TEST_CASE(bound_one_event_and_not_the_stream) {
  event_parser parser{100};
  size_t count = 0;
  auto on_data = [&](std::string_view) {
    ++count;
  };
  for (int i = 0; i < 50; ++i)
    parser.add("data: 0123456789\n\n", on_data);
  BOOST_TEST(count == 50u);
  BOOST_TEST(!parser.overflowed());
  for (int i = 0; i < 50; ++i)
    parser.add("data: 0123456789\n", on_data);
  BOOST_TEST(parser.overflowed());
  parser.add("\n\ndata: x\n\n", on_data);
  BOOST_TEST(count == 50u);
}

BOOST_AUTO_TEST_CASE(bound_a_line_without_an_end) {
  event_parser parser{1000};
  parser.add(std::string(1001, 'x'), [](std::string_view) {});
  BOOST_TEST(parser.overflowed());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(are_followed_to_their_outputs) {
  run_reader x{"app", "e1"};
  x.add(sse(R"({"msg":"estimation","event_id":"e1","rank":2})"));
  BOOST_TEST(x.take_stage() == "queued, position 3");
  BOOST_TEST(x.take_stage().empty());
  x.add(sse(R"({"msg":"estimation","event_id":"e1",)"
            R"("rank":9223372036854775807})"));
  BOOST_TEST(x.take_stage() == "queued, position 1000001");
  x.add(sse(R"({"msg":"estimation","event_id":"e1","rank":-5})"));
  BOOST_TEST(x.take_stage() == "queued, position 1");
  x.add(sse(R"({"msg":"process_starts","event_id":"e1","eta":null})"));
  BOOST_TEST(x.take_stage() == "render");
  x.add(sse(R"({"msg":"estimation","event_id":"e1","rank":0})"));
  BOOST_TEST(x.take_stage().empty());
  x.add(sse(R"({"msg":"log","event_id":"e1","log":"hello"})"));
  x.add(sse(R"({"msg":"progress","event_id":"e1","progress_data":[
)"
            R"(data: {"index":1,"length":4,"progress":null}]})"));
  BOOST_TEST(x.progress() == 0.25);
  x.add(sse(
    R"({"msg":"progress","event_id":"e1","progress_data":[{"progress":0.5}]})"));
  BOOST_TEST(x.progress() == 0.5);
  x.add(sse(
    R"({"msg":"process_generating","event_id":"e1","success":true,"output":{"data":[1]}})"));
  x.add(sse(
    R"({"msg":"process_completed","event_id":"other","success":false,"output":{}})"));
  BOOST_TEST(!x.ended());
  x.add(sse(
    R"({"msg":"process_completed","event_id":"e1","success":true,"output":{"data":["t",{"__type__":"update","value":{"path":"/a"}}]}})"));
  BOOST_REQUIRE(x.ended());
  BOOST_TEST(!x.failed());
  BOOST_TEST(json::to_text(x.outputs()) == R"(["t",{"path":"/a"}])");
  BOOST_TEST(file_path(x.outputs()[1]) == "/a");
  // What follows changes nothing.
  x.add(sse(R"({"msg":"close_stream"})"));
  BOOST_TEST(!x.failed());
}

BOOST_AUTO_TEST_CASE(without_a_name_take_that_of_the_first_event) {
  run_reader x{"app", {}};
  x.add(sse(R"({"msg":"heartbeat","event_id":null})"));
  x.add(sse(R"({"msg":"process_starts","event_id":"e9"})"));
  BOOST_TEST(x.event() == "e9");
}

BOOST_AUTO_TEST_CASE(fail_with_the_models_text) {
  auto error_of = [](const std::string& output, const char* success = "false") {
    run_reader x{"app", "e1"};
    x.add(sse(R"({"msg":"process_completed","event_id":"e1","success":)"
              + std::string{success} + R"(,"output":)" + output + "}"));
    BOOST_REQUIRE(x.ended());
    BOOST_REQUIRE(x.failed());
    return x.error();
  };
  auto model = error_of(R"({"error":"Generation failed: x"})");
  BOOST_TEST((model.kind == failure_kind::rejected));
  BOOST_TEST(model.message == "app: Generation failed: x");
  auto silent = error_of(R"({"error":null})");
  BOOST_TEST((silent.kind == failure_kind::rejected));
  BOOST_TEST(contains(silent.message, "does not say why"));
  BOOST_TEST((error_of(R"({"error":"CUDA out of memory. Tried"})").kind
              == failure_kind::unavailable));
  auto cancelled = error_of("{}", "true");
  BOOST_TEST((cancelled.kind == failure_kind::unavailable));
  BOOST_TEST(contains(cancelled.message, "cancelled on the node"));
}

BOOST_AUTO_TEST_CASE(are_lost_with_their_stream) {
  auto error_of = [](const std::string& bytes) {
    run_reader x{"app", "e1"};
    x.add(bytes);
    BOOST_REQUIRE(x.ended());
    BOOST_TEST((x.error().kind == failure_kind::unavailable));
    return x.error().message;
  };
  BOOST_TEST(contains(error_of(sse(R"({"msg":"unexpected_error",
data: "message":"Session not found","event_id":null})")),
                      "Session not found"));
  BOOST_TEST(contains(error_of(sse(R"({"msg":"close_stream"})")), "closed"));
  BOOST_TEST(contains(error_of(sse("garbage")), "not JSON"));
  BOOST_TEST(
    contains(error_of("data: " + std::string(17u << 20, 'x')), "larger"));
}

BOOST_AUTO_TEST_CASE(that_nobody_speaks_of_are_given_up) {
  auto beat = sse(R"({"msg":"heartbeat","event_id":null})");
  run_reader silent{"app", "e1"};
  for (int i = 0; i < 7; ++i)
    silent.add(beat);
  BOOST_TEST(!silent.ended());
  silent.add(beat);
  BOOST_TEST(silent.ended());
  BOOST_TEST((silent.error().kind == failure_kind::unavailable));
  // A place in the queue is a word; from then on the job's own limits rule.
  run_reader queued{"app", "e1"};
  queued.add(sse(R"({"msg":"estimation","event_id":"e1","rank":1})"));
  for (int i = 0; i < 100; ++i)
    queued.add(beat);
  BOOST_TEST(!queued.ended());
}

BOOST_AUTO_TEST_SUITE_END()
