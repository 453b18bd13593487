// The vision model's two dialects.
#include "actors/renderer/vision/protocol.hpp"
#include "messages/text/json.hpp"
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::vision;
using namespace std::chrono_literals;
using test::contains;
using test::http_answer;

namespace {

const server node{"https://node.example", "key"};
const question ask{"m:1", "What \"is\" it?", "QUJD"};

} // namespace

BOOST_AUTO_TEST_SUITE(vision_requests)

BOOST_AUTO_TEST_CASE(ask_in_either_form) {
  auto generate = generate_request(node, ask);
  BOOST_TEST(generate.url == "https://node.example/api/generate");
  auto body = json::parse(generate.body);
  BOOST_REQUIRE(body);
  BOOST_TEST(json::string_or_empty(*body, "prompt") == ask.prompt);
  BOOST_TEST(json::to_text((*body)["images"]) == R"(["QUJD"])");
  BOOST_TEST((generate.total_timeout == 0ms));
  BOOST_TEST((generate.stall_timeout > 0ms));
  auto chat = chat_request(node, ask);
  auto doc = json::parse(chat.body);
  BOOST_REQUIRE(doc);
  BOOST_TEST(contains(chat.body, "data:image/jpeg;base64,QUJD"));
  for (auto& x : {generate, chat, tags_request(node)}) {
    BOOST_TEST(test::header(x, "X-C3-API-KEY") == "key");
    BOOST_TEST(test::header(x, "Authorization") == "Bearer key");
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(vision_models)

BOOST_AUTO_TEST_CASE(are_listed) {
  auto got = read_tags(
    http_answer(200, R"({"models":[{"name":"a:1"},{"x":1},{"name":"b"}]})"));
  BOOST_REQUIRE(got);
  BOOST_TEST(*got == (std::vector<std::string>{"a:1", "b"}));
  BOOST_TEST(!read_tags(http_answer(200, "{}")));
  BOOST_TEST(!read_tags(http_answer(404, "")));
}

BOOST_AUTO_TEST_CASE(are_chosen_by_wish_then_by_known_sight) {
  BOOST_TEST(*choose_model("m", {"llava:7b", "m:latest"}) == "m:latest");
  BOOST_TEST(*choose_model("m:1", {"llama3:8b", "moondream", "llava:7b"})
             == "llava:7b");
  auto none = choose_model("m:1", {"llama3:8b"});
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(none.error().message, "llama3:8b"));
  BOOST_TEST(contains(choose_model("m:1", {}).error().message, "none"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(vision_answers)

BOOST_AUTO_TEST_CASE(stream_in_lines_that_break_anywhere) {
  std::string text = "{\"response\":\"A \"}\n\r\n{\"response\":\"c\xC3\xA4t\","
                     "\"done\":false}\n{\"response\":\".\",\"done\":true}\n"
                     "{\"response\":\"more\"}\n";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    generate_reader reader;
    for (size_t i = 0; i < text.size(); i += piece)
      reader.add(std::string_view{text}.substr(i, piece));
    BOOST_TEST(reader.ended());
    BOOST_TEST(!reader.failed());
    BOOST_TEST(reader.text() == "A c\xC3\xA4t.", "pieces of " << piece);
  }
}

BOOST_AUTO_TEST_CASE(may_fail_in_mid_stream) {
  generate_reader model;
  model.add("{\"response\":\"A\"}\n{\"error\":\"model crashed\"}\n");
  BOOST_TEST(model.failed());
  BOOST_TEST((model.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(model.error().message, "model crashed"));
  generate_reader page;
  page.add("<html>\n");
  BOOST_TEST((page.error().kind == failure_kind::unavailable));
  generate_reader endless;
  endless.add(std::string(2u << 20, 'x'));
  BOOST_TEST((endless.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(in_the_chat_form_are_one_text) {
  BOOST_TEST(*read_chat(http_answer(200, R"({"choices":[{"message":
    {"content":" A cat.\n"}}]})"))
             == "A cat.");
  BOOST_TEST((read_chat(http_answer(200, R"({"choices":[]})")).error().kind
              == failure_kind::unavailable));
  BOOST_TEST(
    (read_chat(http_answer(200, R"({"choices":[{"message":{}}]})")).error().kind
     == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(tell_an_unknown_route_from_an_unknown_model) {
  BOOST_TEST(is_unknown_route(http_answer(404, "404 page not found")));
  BOOST_TEST(is_unknown_route(http_answer(405, "")));
  BOOST_TEST(!is_unknown_route(http_answer(404, R"({"error":"model"})")));
  // vLLM, llama.cpp.
  BOOST_TEST(is_unknown_route(http_answer(404, R"({"detail":"Not Found"})")));
  BOOST_TEST(is_unknown_route(
    http_answer(404, R"({"error":{"code":404,"message":"File Not Found"}})")));
  BOOST_TEST(!is_unknown_route(http_answer(500, "")));
}

BOOST_AUTO_TEST_CASE(are_final_unless_they_may_pass) {
  for (auto status : {401, 403, 429, 500, 503})
    BOOST_TEST(
      (read_error(http_answer(status, "x")).kind == failure_kind::unavailable));
  for (auto status : {400, 404, 422})
    BOOST_TEST(
      (read_error(http_answer(status, "x")).kind == failure_kind::rejected));
  BOOST_TEST(contains(
    read_error(http_answer(400, R"({"error":{"message":"no eyes"}})")).message,
    "no eyes"));
  BOOST_TEST(contains(
    read_error(http_answer(400, R"({"error":"no eyes"})")).message, "no eyes"));
}

BOOST_AUTO_TEST_SUITE_END()
