// A talking portrait, step by step.
#include "actors/renderer/kinds.hpp"
#include "messages/text/json.hpp"
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::test;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<render_plan> plan() {
  auto env = test_environment();
  env.portrait_workflow = std::make_shared<const std::string>(R"({
    "18":{"class_type":"LoadImage","inputs":{}},
    "26":{"class_type":"LoadAudio","inputs":{}},
    "58":{"class_type":"ImageResize+","inputs":{}},
    "33":{"class_type":"SONIC_PreData","inputs":{}},
    "31":{"class_type":"SONICSampler","inputs":{}},
    "13":{"class_type":"VHS_VideoCombine","inputs":{}}})");
  return make_portrait_plan(
    test_job("portrait"),
    {"https://files.example/face.jpg", "https://files.example/talk.mp3"}, env);
}

result<answer> file(uint64_t bytes) {
  auto x = http_answer(200);
  x.body_bytes = bytes;
  return answer{std::move(x)};
}

result<answer> text(int32_t status, std::string body) {
  return answer{http_answer(status, std::move(body))};
}

/// Up to the question whether the prompt is accepted.
player until_queued(render_plan& x) {
  player world{x};
  world.answer_all({file(100), file(200)});
  msg::prepared_image image;
  image.path = "/work/7/picture.png";
  image.width = 1000;
  image.height = 1000;
  world.answer_all({result<answer>{answer{image}},
                    result<answer>{answer{msg::prepared_audio{
                      "/work/7/sound.mp3", "audio/mpeg", 4.5}}}});
  BOOST_REQUIRE(world.operations() == 2u);
  world.answer_all(
    {text(200, R"({"name":"up.png"})"), text(200, R"({"name":"up.mp3"})")});
  return world;
}

std::string prompt_id_of(const player& world) {
  auto doc = json::parse(world.request().body);
  BOOST_REQUIRE(doc);
  return json::string_or_empty(*doc, "prompt_id");
}

std::string accept(player& world) {
  auto id = prompt_id_of(world);
  world.reply(200, R"({"prompt_id":")" + id + R"(","node_errors":{}})");
  return id;
}

/// One round of questions after the wait.
void poll(player& world, const std::string& queue, const std::string& history) {
  world.elapse();
  BOOST_TEST(contains(world.request().url, "/queue"));
  world.reply(200, queue);
  BOOST_TEST(contains(world.request().url, "/history/"));
  world.reply(200, history);
}

std::string queue_with(const std::string& where, const std::string& id) {
  return "{\"" + where + R"(":[[1,")" + id + R"(",{}]]})";
}

std::string done(const std::string& id) {
  return "{\"" + id
         + R"(":{"status":{"status_str":"success"},"outputs":{"13":{"gifs":[)"
           R"({"filename":"v.mp4","subfolder":"","type":"output"}]}}}})";
}

} // namespace

BOOST_AUTO_TEST_SUITE(portrait_plan)

BOOST_AUTO_TEST_CASE(renders_and_keeps_the_video) {
  auto subject = plan();
  player first{*subject};
  BOOST_REQUIRE(first.operations() == 2u);
  BOOST_TEST(first.request(0).url == "https://files.example/face.jpg");
  BOOST_TEST(first.request(1).url == "https://files.example/talk.mp3");
  BOOST_TEST(first.request(0).headers.empty());
  first.answer_all({file(100), file(200)});
  BOOST_TEST(first.asked<msg::prepare_image>(0).max_side == 2048u);
  BOOST_TEST((first.asked<msg::prepare_audio>(1).form
              == msg::audio_form::widely_readable));
  auto again = plan();
  auto world = until_queued(*again);
  auto body = json::parse(world.request().body);
  BOOST_REQUIRE(body);
  auto input = [&](const char* node, const char* name) {
    auto* x = json::find(*body, "prompt", node, "inputs", name);
    return x ? json::to_text(*x) : "none";
  };
  BOOST_TEST(input("18", "image") == "\"up.png\"");
  BOOST_TEST(input("26", "audio") == "\"up.mp3\"");
  BOOST_TEST(input("58", "width") == "720");
  BOOST_TEST(input("33", "duration") == "8");
  BOOST_TEST(input("13", "filename_prefix")
             == "\"Video_" + test_job("portrait").id + "\"");
  auto id = accept(world);
  poll(world, queue_with("queue_pending", id), "{}");
  BOOST_TEST(world.stage() == "queued, position 1");
  poll(world, queue_with("queue_running", id), "{}");
  BOOST_TEST(world.stage() == "render");
  poll(world, "{}", done(id));
  BOOST_TEST(contains(world.request().url, "/view?filename=v.mp4"));
  auto path = "/work/7/" + test_job("portrait").id + ".mp4";
  BOOST_TEST(world.request().output_file == path);
  world.deliver(9000);
  world.answer_with(msg::file_identity{"video/mp4", ".mp4", 9000});
  BOOST_TEST(world.asked<msg::store_file>().path == path);
  BOOST_TEST(world.asked<msg::store_file>().content_type == "video/mp4");
  world.answer_with(msg::stored_file{"https://store/v"});
  BOOST_TEST(world.outcome().success());
  BOOST_TEST(world.outcome().result_url == "https://store/v");
}

BOOST_AUTO_TEST_CASE(names_uploads_so_that_no_two_jobs_share_one) {
  auto subject = plan();
  player world{*subject};
  world.answer_all({file(1), file(1)});
  msg::prepared_image image;
  image.path = "/work/7/picture.png";
  world.answer_all(
    {result<answer>{answer{image}},
     result<answer>{answer{msg::prepared_audio{"/work/7/sound.wav", "", 1}}}});
  auto name = world.request(0).parts.at(0).file_name;
  BOOST_TEST(name.starts_with(test_job("portrait").id + "_"));
  BOOST_TEST(name.ends_with(".png"));
  BOOST_TEST(world.request(1).parts.at(0).file_name.ends_with(".wav"));
}

BOOST_AUTO_TEST_CASE(blames_the_input_that_is_at_fault) {
  auto subject = plan();
  player world{*subject};
  world.answer_all({file(1), text(404, "")});
  BOOST_TEST(contains(world.error().message, "audio_url"));
  auto other = plan();
  player second{*other};
  second.answer_all({file(1), file(1)});
  second.answer_all({fail(failure_kind::invalid_input, "no picture"),
                     fail(failure_kind::invalid_input, "no sound")});
  BOOST_TEST((second.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(second.error().message, "image_url: no picture"));
}

BOOST_AUTO_TEST_CASE(says_of_sound_that_is_none_what_front_ends_know) {
  auto error = [](failure_kind kind) {
    auto subject = plan();
    player world{*subject};
    world.answer_all({file(1), file(1)});
    msg::prepared_image image;
    image.path = "/work/7/picture.png";
    world.answer_all(
      {result<answer>{answer{image}}, fail(kind, "neither sound nor video")});
    return world.error();
  };
  auto of_sound = error(failure_kind::invalid_input);
  BOOST_TEST((of_sound.kind == failure_kind::invalid_input));
  BOOST_TEST(
    of_sound.message
    == "Failed to extract/convert audio file: audio_url: neither sound "
       "nor video");
  // The worker itself is at fault, and the job is tried elsewhere.
  auto of_worker = error(failure_kind::unfit);
  BOOST_TEST((of_worker.kind == failure_kind::unfit));
  BOOST_TEST(of_worker.message == "audio_url: neither sound nor video");
}

BOOST_AUTO_TEST_CASE(looks_for_a_prompt_whose_answer_was_lost) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = prompt_id_of(world);
  world.refuse(failure_kind::outcome_unknown, "reset");
  poll(world, "{}", done(id));
  BOOST_TEST(contains(world.request().url, "/view"));
}

BOOST_AUTO_TEST_CASE(gives_up_a_prompt_that_the_server_forgot) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  poll(world, "{}", "{}");
  poll(world, "{}", "{}");
  // Seen again: it was only a race.
  poll(world, queue_with("queue_running", id), "{}");
  poll(world, "{}", "{}");
  poll(world, "{}", "{}");
  BOOST_TEST(!world.is<finish>());
  poll(world, "{}", "{}");
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(bears_some_polls_that_fail) {
  auto subject = plan();
  auto world = until_queued(*subject);
  accept(world);
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(!world.is<finish>());
    world.elapse();
    world.refuse(failure_kind::unavailable);
    world.refuse(failure_kind::unavailable);
  }
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(ends_as_the_model_does) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  poll(world, "{}",
       "{\"" + id
         + R"(":{"status":{"status_str":"error","messages":[)"
           R"(["execution_error",{"exception_message":"no face"}]]}}})");
  BOOST_TEST((world.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(world.error().message, "no face"));
}

BOOST_AUTO_TEST_CASE(takes_only_a_video_for_a_result) {
  auto subject = plan();
  auto world = until_queued(*subject);
  poll(world, "{}", done(accept(world)));
  world.deliver(100);
  world.answer_with(msg::file_identity{"text/html", ".html", 100});
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(stops_what_it_queued_and_interrupts_what_runs) {
  auto subject = plan();
  player idle{*subject};
  BOOST_TEST(subject->interrupt().empty());
  auto other = plan();
  auto world = until_queued(*other);
  auto id = accept(world);
  auto waiting = other->interrupt();
  BOOST_REQUIRE(waiting.size() == 1u);
  BOOST_TEST(waiting[0].body == R"({"delete":[")" + id + R"("]})");
  poll(world, queue_with("queue_running", id), "{}");
  auto running = other->interrupt();
  BOOST_REQUIRE(running.size() == 2u);
  BOOST_TEST(contains(running[1].url, "/interrupt"));
  poll(world, "{}", done(id));
  BOOST_TEST(other->interrupt().empty());
}

BOOST_AUTO_TEST_CASE(hears_of_its_own_steps_by_the_way) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto body = json::parse(world.request().body);
  BOOST_REQUIRE(body);
  BOOST_TEST(world.listening().url
             == "wss://ui-node.example/ws?clientId="
                  + json::string_or_empty(*body, "client_id"));
  BOOST_TEST(header(world.listening(), "X-C3-API-KEY") == "secret-key");
  auto id = accept(world);
  auto progress = [&](const std::string& prompt, int value) {
    world.hear(R"({"type":"progress","data":{"value":)" + std::to_string(value)
               + R"(,"max":4,"prompt_id":")" + prompt + "\"}}");
    return world.progress();
  };
  auto before = world.progress();
  BOOST_TEST(progress("another", 4) == before);
  BOOST_TEST(!world.said("render"));
  auto half = progress(id, 2);
  BOOST_TEST(half > before);
  BOOST_TEST(world.stage() == "render");
  auto whole = progress(id, 4);
  BOOST_TEST(whole > half);
  BOOST_TEST(whole < 0.9);
  // The next node counts from the beginning.
  BOOST_TEST(progress(id, 1) == whole);
  // Only a poll ends the render.
  world.hear(R"({"type":"execution_success","data":{"prompt_id":")" + id
             + "\"}}");
  BOOST_TEST(world.is<wait>());
  poll(world, "{}", done(id));
  BOOST_TEST(contains(world.request().url, "/view?"));
  // Too late to be of interest.
  world.hear(R"({"type":"executing","data":{"prompt_id":")" + id + "\"}}");
  BOOST_TEST(world.stage() == "collect");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_end_of_a_render_that_is_heard)

namespace {

std::string end_of(const std::string& id) {
  return R"({"type":"executing","data":{"node":null,"prompt_id":")" + id
         + "\"}}";
}

} // namespace

BOOST_AUTO_TEST_CASE(is_looked_up_in_the_history_at_once) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  poll(world, queue_with("queue_running", id), "{}");
  BOOST_TEST(world.is<wait>());
  world.hear(end_of("another"));
  BOOST_TEST(world.is<wait>());
  world.hear(end_of(id));
  BOOST_TEST(contains(world.request().url, "/history/" + id));
  world.reply(200, done(id));
  BOOST_TEST(contains(world.request().url, "/view?"));
}

BOOST_AUTO_TEST_CASE(counts_while_something_else_is_asked) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  world.elapse();
  BOOST_TEST(contains(world.request().url, "/queue"));
  // Both answers are from before the end.
  world.hear(end_of(id));
  world.reply(200, queue_with("queue_running", id));
  world.reply(200, "{}");
  BOOST_TEST(world.elapse() == 0ms);
  BOOST_TEST(contains(world.request().url, "/history/" + id));
  world.reply(200, done(id));
  BOOST_TEST(contains(world.request().url, "/view?"));
}

BOOST_AUTO_TEST_CASE(counts_before_the_prompt_is_answered) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = prompt_id_of(world);
  world.hear(end_of(id));
  accept(world);
  BOOST_TEST(world.elapse() == 0ms);
  BOOST_TEST(contains(world.request().url, "/history/" + id));
}

// The polls decide, as they do without it.
BOOST_AUTO_TEST_CASE(is_believed_a_few_times_only) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  for (auto i = 0; i < 3; ++i) {
    BOOST_TEST(world.is<wait>());
    world.hear(end_of(id));
    BOOST_TEST(contains(world.request().url, "/history/" + id));
    world.reply(200, "{}");
    BOOST_TEST(contains(world.request().url, "/queue"));
    world.reply(200, queue_with("queue_running", id));
    world.reply(200, "{}");
  }
  BOOST_TEST(world.is<wait>());
  world.hear(end_of(id));
  BOOST_TEST(world.is<wait>());
  BOOST_TEST(world.elapse() == 5s);
}

BOOST_AUTO_TEST_CASE(of_a_failed_one_is_its_failure) {
  auto subject = plan();
  auto world = until_queued(*subject);
  auto id = accept(world);
  world.hear(end_of(id));
  world.reply(200, R"({")" + id
                     + R"(":{"status":{"status_str":"error","messages":[]}}})");
  BOOST_TEST(!world.outcome().success());
}

BOOST_AUTO_TEST_SUITE_END()
