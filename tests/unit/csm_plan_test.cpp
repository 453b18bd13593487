// Text to speech, step by step.
#include "actors/renderer/kinds.hpp"
#include "tests/unit/gradio_script.hpp"

using namespace render;
using namespace render::test;
using namespace std::chrono_literals;

namespace {

constexpr auto api_name = "generate_monologue_audio";

std::unique_ptr<render_plan> plan(csm_params params) {
  if (params.monologue.empty())
    params.monologue = {"Hello \"you\".", "Bye."};
  return make_csm_plan(test_job("csm"), params, test_environment());
}

std::unique_ptr<render_plan> clone_plan() {
  csm_params x;
  x.voice = "clone";
  x.reference_audio_url = "https://files.example/ref.mp3?sig=1";
  x.reference_text = "What I say";
  return plan(x);
}

} // namespace

BOOST_AUTO_TEST_SUITE(csm_plan)

BOOST_AUTO_TEST_CASE(speaks_and_keeps_the_sound) {
  auto subject = plan({});
  player world{*subject};
  BOOST_TEST(world.request().url == "https://node.example/csm/config");
  BOOST_TEST(header(world.request(), "X-C3-API-KEY") == "secret-key");
  describe(world, api_name);
  auto body = join(world);
  BOOST_TEST(data_of(body)
             == R"(["random_voice","",null,)"
                R"("[\"Hello \\\"you\\\".\",\"Bye.\"]",0.9,50,10000,150])");
  BOOST_TEST(contains(body, R"("fn_index":4)"));
  BOOST_TEST(world.request().url
             == "https://node.example/csm/gradio_api/queue/data?session_hash="
                  + session_of(body));
  world.feed(sse(R"({"msg":"estimation","event_id":"e1","rank":0})"));
  BOOST_TEST(world.said("queued, position 1"));
  world.feed(sse(R"({"msg":"process_starts","event_id":"e1"})"));
  BOOST_TEST(world.said("render"));
  world.feed(
    completed(R"([{"path":"/tmp/g/a b.mp3","url":"http://wrong.example/x"}])"));
  BOOST_TEST(world.request().url
             == "https://node.example/csm/gradio_api/file=/tmp/g/a%20b.mp3");
  auto file = "/work/7/" + test_job("csm").id + ".mp3";
  BOOST_TEST(world.request().output_file == file);
  world.deliver(5000);
  BOOST_TEST(world.asked<msg::identify_file>().path == file);
  world.answer_with(msg::file_identity{"audio/mpeg", ".mp3", 5000});
  auto& stored = world.asked<msg::store_file>();
  BOOST_TEST(stored.path == file);
  BOOST_TEST(stored.name == test_job("csm").id + ".mp3");
  BOOST_TEST(stored.content_type == "audio/mpeg");
  world.answer_with(msg::stored_file{"https://store/x"});
  BOOST_TEST(world.outcome().success());
  BOOST_TEST(world.outcome().result_url == "https://store/x");
  BOOST_TEST(world.outcome().text.empty());
}

BOOST_AUTO_TEST_CASE(names_voices_as_the_service_does) {
  for (auto* voice : {"conversational_a", "conversational_b"}) {
    csm_params x;
    x.voice = voice;
    auto subject = plan(x);
    player world{*subject};
    describe(world, api_name);
    BOOST_TEST(contains(join(world), "\"data\":[\"" + std::string{voice}));
  }
}

BOOST_AUTO_TEST_CASE(clones_a_voice_from_a_mono_upload) {
  auto subject = clone_plan();
  player world{*subject};
  BOOST_TEST(world.request().url == "https://files.example/ref.mp3?sig=1");
  // The caller's server must not learn the key.
  BOOST_TEST(world.request().headers.empty());
  world.deliver(100);
  auto& prepare = world.asked<msg::prepare_audio>();
  BOOST_TEST(prepare.input == "/work/7/reference");
  BOOST_TEST((prepare.form == msg::audio_form::mono_wav));
  world.answer_with(msg::prepared_audio{"/work/7/voice.wav", "audio/x-wav", 3});
  describe(world, api_name);
  BOOST_TEST(contains(world.request().url, "/gradio_api/upload"));
  BOOST_TEST(world.request().parts.at(0).file_path == "/work/7/voice.wav");
  auto name = world.request().parts.at(0).file_name;
  BOOST_TEST(name.ends_with(".wav"));
  world.reply(200, R"(["/tmp/g/up.wav"])");
  auto data = data_of(join(world));
  BOOST_TEST(contains(data, R"(["upload_voice","What I say",{"path":)"
                            R"("/tmp/g/up.wav","orig_name":")"
                              + name
                              + R"(","meta":{"_type":"gradio.FileData"}},)"));
}

BOOST_AUTO_TEST_CASE(blames_the_reference_for_what_is_its_fault) {
  auto missing = clone_plan();
  player first{*missing};
  first.reply(404, "", "text/html");
  BOOST_TEST((first.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(first.error().message, "reference_audio_url"));
  BOOST_TEST(!contains(first.error().message, "sig=1"));
  auto large = clone_plan();
  player second{*large};
  second.deliver(100);
  second.answer_with(msg::prepared_audio{"/work/7/voice.wav", "", 3});
  describe(second, api_name);
  second.reply(413, "too large", "text/plain");
  BOOST_TEST((second.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(second.error().message, "reference_audio_url"));
  auto silent = clone_plan();
  player third{*silent};
  third.deliver(100);
  third.refuse(failure_kind::invalid_input, "there is no sound in it");
  BOOST_TEST(contains(third.error().message, "reference_audio_url"));
}

BOOST_AUTO_TEST_CASE(moves_what_the_service_refuses_and_says_so) {
  csm_params x;
  x.temperature = 0;
  auto subject = plan(x);
  player world{*subject};
  describe(world, api_name);
  BOOST_TEST(world.said("adjust temperature 0 -> 0.1"));
  BOOST_TEST(contains(data_of(join(world)), ",0.1,50,10000,150]"));
}

BOOST_AUTO_TEST_CASE(waits_for_a_full_queue_but_not_for_ever) {
  auto subject = plan({});
  player world{*subject};
  describe(world, api_name);
  auto session = session_of(world.request().body);
  int waits = 0;
  for (; !world.is<finish>() && waits < 100; ++waits) {
    world.reply(503, R"({"detail":"Queue is full."})");
    if (world.is<finish>())
      break;
    BOOST_TEST(subject->interrupt().empty());
    BOOST_TEST((world.elapse() > 0ms));
    BOOST_TEST(session_of(world.request().body) == session);
  }
  BOOST_TEST(waits > 2);
  BOOST_TEST(waits < 20);
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
  BOOST_TEST(contains(world.error().message, "full"));
}

BOOST_AUTO_TEST_CASE(gets_in_when_the_queue_has_room_again) {
  auto subject = plan({});
  player world{*subject};
  describe(world, api_name);
  world.reply(503);
  world.elapse();
  join(world);
  BOOST_TEST(world.is<stream>());
}

BOOST_AUTO_TEST_CASE(looks_for_a_run_whose_answer_was_lost) {
  auto subject = plan({});
  player world{*subject};
  describe(world, api_name);
  world.refuse(failure_kind::outcome_unknown, "reset");
  BOOST_REQUIRE(world.is<stream>());
  world.feed(completed(R"([{"path":"/tmp/a.mp3"}])"));
  BOOST_TEST(contains(world.request().url, "/file=/tmp/a.mp3"));
}

BOOST_AUTO_TEST_CASE(loses_the_attempt_with_the_stream) {
  auto subject = plan({});
  player world{*subject};
  describe(world, api_name);
  join(world);
  world.feed(sse(R"({"msg":"process_starts","event_id":"e1"})"));
  world.end_stream(http_answer(200, "", event_stream));
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
  BOOST_TEST(subject->interrupt().empty());
}

BOOST_AUTO_TEST_CASE(takes_another_session_for_each_seed) {
  auto session = [](uint64_t seed) {
    auto env = test_environment();
    env.seed = seed;
    csm_params params;
    params.monologue = {"x"};
    auto subject = make_csm_plan(test_job("csm"), params, env);
    player world{*subject};
    describe(world, api_name);
    return session_of(join(world));
  };
  BOOST_TEST(session(1) == session(1));
  BOOST_TEST(session(1) != session(2));
  BOOST_TEST(session(1).size() == 36u);
}

BOOST_AUTO_TEST_CASE(stops_the_run_only_while_there_is_one) {
  auto subject = plan({});
  player world{*subject};
  BOOST_TEST(subject->interrupt().empty());
  describe(world, api_name);
  auto session = session_of(world.request().body);
  auto early = subject->interrupt();
  BOOST_REQUIRE(early.size() == 1u);
  join(world);
  auto stops = subject->interrupt();
  BOOST_REQUIRE(stops.size() == 1u);
  BOOST_TEST(stops[0].method == "POST");
  BOOST_TEST(stops[0].url == "https://node.example/csm/gradio_api/cancel");
  BOOST_TEST(stops[0].body
             == R"({"event_id":"e1","session_hash":")" + session
                  + R"(","fn_index":4})");
  world.feed(completed(R"([{"path":"/tmp/a.mp3"}])"));
  BOOST_TEST(subject->interrupt().empty());
}

BOOST_AUTO_TEST_CASE(takes_only_sound_for_a_result) {
  auto until_file = [](render_plan& x) {
    player world{x};
    describe(world, api_name);
    join(world);
    world.feed(completed(R"([{"path":"/tmp/a.mp3"}])"));
    return world;
  };
  auto page = plan({});
  auto first = until_file(*page);
  first.deliver(100);
  first.answer_with(msg::file_identity{"text/html", ".html", 100});
  BOOST_TEST((first.error().kind == failure_kind::unavailable));
  auto gone = plan({});
  auto second = until_file(*gone);
  second.reply(404);
  BOOST_TEST((second.error().kind == failure_kind::unavailable));
  auto empty = plan({});
  auto third = until_file(*empty);
  third.deliver(0);
  BOOST_TEST((third.error().kind == failure_kind::unavailable));
  auto none = plan({});
  player fourth{*none};
  describe(fourth, api_name);
  join(fourth);
  fourth.feed(completed("[]"));
  BOOST_TEST((fourth.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(fails_as_the_store_does) {
  auto subject = plan({});
  player world{*subject};
  describe(world, api_name);
  join(world);
  world.feed(completed(R"([{"path":"/tmp/a.mp3"}])"));
  world.deliver(10);
  world.answer_with(msg::file_identity{"audio/mpeg", ".mp3", 10});
  world.refuse(failure_kind::unavailable, "no storage");
  BOOST_TEST((world.error().kind == failure_kind::unavailable));
  BOOST_TEST(world.outcome().result_url.empty());
}

BOOST_AUTO_TEST_SUITE_END()
