// A description of a picture, step by step.
#include "actors/renderer/kinds.hpp"
#include "messages/text/json.hpp"
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::test;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<render_plan> plan() {
  return make_analyze_plan(test_job("analyze"),
                           {"https://files.example/cat", "What is it?"},
                           test_environment());
}

/// Up to the question to the model.
player until_asked(render_plan& x, const std::string& tags
                                   = R"({"models":[{"name":"llava:7b"}]})") {
  player world{x};
  BOOST_TEST(world.request().headers.empty());
  world.deliver(100);
  auto& prepare = world.asked<msg::prepare_image>();
  BOOST_TEST(prepare.max_side == 1120u);
  BOOST_TEST(prepare.embed_base64);
  msg::prepared_image image;
  image.base64 = "QUJD";
  world.answer_with(std::move(image));
  BOOST_TEST(contains(world.request().url, "/api/tags"));
  world.reply(tags.empty() ? 404 : 200, tags);
  return world;
}

} // namespace

BOOST_AUTO_TEST_SUITE(analyze_plan)

BOOST_AUTO_TEST_CASE(asks_a_model_that_is_there) {
  auto subject = plan();
  auto world = until_asked(*subject);
  BOOST_REQUIRE(world.is<stream>());
  BOOST_TEST(contains(world.request().body, R"("model":"llava:7b")"));
  BOOST_TEST(contains(world.request().body, R"("prompt":"What is it?")"));
  BOOST_TEST(contains(world.request().body, "QUJD"));
  world.feed("{\"response\":\" A\"}\n{\"resp");
  BOOST_TEST(world.stage() == "answer");
  world.feed("onse\":\" cat. \",\"done\":true}\n");
  BOOST_TEST(world.outcome().success());
  BOOST_TEST(world.outcome().text == "A cat.");
  BOOST_TEST(subject->interrupt().empty());
}

BOOST_AUTO_TEST_CASE(blames_the_picture_for_what_is_its_fault) {
  auto missing = plan();
  player first{*missing};
  first.reply(404, "", "text/html");
  BOOST_TEST((first.error().kind == failure_kind::invalid_input));
  auto text = plan();
  player second{*text};
  second.deliver(10);
  second.refuse(failure_kind::invalid_input, "no picture");
  BOOST_TEST((second.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(second.error().message, "image_url: no picture"));
}

BOOST_AUTO_TEST_CASE(fails_where_no_model_can_see) {
  auto subject = plan();
  auto world = until_asked(*subject, R"({"models":[{"name":"llama3:8b"}]})");
  BOOST_TEST((world.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(world.error().message, "llama3:8b"));
}

BOOST_AUTO_TEST_CASE(speaks_the_chat_form_where_there_is_no_other) {
  auto subject = plan();
  auto world = until_asked(*subject, "");
  BOOST_TEST(contains(world.request().body, "llama3.2-vision:11b"));
  world.end_stream(http_answer(404, "not found", "text/plain"));
  BOOST_TEST(contains(world.request().url, "/v1/chat/completions"));
  world.reply(200, R"({"choices":[{"message":{"content":"A dog."}}]})");
  BOOST_TEST(world.outcome().text == "A dog.");
}

BOOST_AUTO_TEST_CASE(waits_for_a_busy_model_but_not_for_ever) {
  auto subject = plan();
  auto world = until_asked(*subject);
  int tries = 1;
  for (; tries < 50; ++tries) {
    world.end_stream(http_answer(503, R"({"error":"server busy"})"));
    if (world.is<finish>())
      break;
    BOOST_TEST((world.elapse() > 0ms));
  }
  BOOST_TEST(tries == 5);
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(loses_the_attempt_with_the_stream) {
  auto cut = plan();
  auto first = until_asked(*cut);
  first.feed("{\"response\":\"A\"}\n");
  first.end_stream(http_answer(200, ""));
  BOOST_TEST((first.error().kind == failure_kind::unavailable));
  auto reset = plan();
  auto second = until_asked(*reset);
  second.end_stream(fail(failure_kind::outcome_unknown, "reset"));
  BOOST_TEST((second.error().kind == failure_kind::unavailable));
  auto silent = plan();
  auto third = until_asked(*silent);
  third.feed("{\"response\":\"  \",\"done\":true}\n");
  BOOST_TEST((third.error().kind == failure_kind::rejected));
}

BOOST_AUTO_TEST_SUITE_END()
