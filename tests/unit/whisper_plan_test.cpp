// Speech to text, step by step.
#include "actors/renderer/kinds.hpp"
#include "tests/unit/gradio_script.hpp"

using namespace render;
using namespace render::test;

namespace {

constexpr auto api_name = "transcribe_audio";
constexpr auto files = R"([{"path":"/tmp/t_1.json"},{"path":"/tmp/t_1.txt"},)"
                       R"({"path":"/tmp/t_1.srt"},{"path":"/tmp/t_1.vtt"}])";

std::unique_ptr<render_plan> plan(whisper_params params = {}) {
  if (params.audio_url.empty())
    params.audio_url = "https://files.example/talk?sig=1";
  return make_whisper_plan(test_job("whisper"), params, test_environment());
}

player until_upload(render_plan& x, const std::string& type = "audio/ogg") {
  player world{x};
  // The caller's server must not learn the key.
  BOOST_TEST(world.request().headers.empty());
  world.deliver(1000, type);
  BOOST_TEST(world.asked<msg::identify_file>().path == "/work/7/audio");
  world.answer_with(msg::file_identity{"audio/flac", ".flac", 1000});
  describe(world, api_name);
  return world;
}

/// The arguments of the run that is under way.
std::string start(player& world) {
  world.reply(200, R"(["/tmp/g/up.ogg"])");
  return data_of(join(world));
}

std::string failed(const std::string& text) {
  return completed("[" + json::quote("Error: " + text) + ",[]]");
}

} // namespace

BOOST_AUTO_TEST_SUITE(whisper_plan)

BOOST_AUTO_TEST_CASE(transcribes_and_keeps_the_text_twice) {
  auto subject = plan();
  auto world = until_upload(*subject);
  BOOST_TEST(world.request().url
             == "https://node.example/whisper/gradio_api/upload");
  BOOST_TEST(world.request().parts.at(0).file_path == "/work/7/audio");
  BOOST_TEST(world.request().parts.at(0).file_name
             == test_job("whisper").id + ".ogg");
  BOOST_TEST(
    start(world)
    == R"([{"path":"/tmp/g/up.ogg","orig_name":")" + test_job("whisper").id
         + R"(.ogg","meta":{"_type":"gradio.FileData"}},)"
           R"("medium","transcribe","","cuda","float16",16,"",false,)"
           R"("nearest",false,"pyannote",0.5,0.363,30,false,"","",0,5,5,)"
           R"(1.0,1.0,"-1",false,true,"",true,false,"","","sentence",1.0,)"
           R"(2.4,-1.0,0.6,""])");
  world.feed(completed(R"(["Good day.\nBye.",)" + std::string{files} + "]"));
  BOOST_TEST(world.request().url
             == "https://node.example/whisper/gradio_api/file=/tmp/t_1.txt");
  auto name = test_job("whisper").id + ".txt";
  BOOST_TEST(world.request().output_file == "/work/7/" + name);
  world.deliver(14);
  auto& stored = world.asked<msg::store_file>();
  BOOST_TEST(stored.name == name);
  BOOST_TEST(stored.path == "/work/7/" + name);
  BOOST_TEST(stored.content_type.starts_with("text/plain"));
  world.answer_with(msg::stored_file{"https://store/x"});
  BOOST_TEST(world.outcome().success());
  BOOST_TEST(world.outcome().text == "Good day.\nBye.");
  // A caller of this kind gets the text, not a link.
  BOOST_TEST(world.outcome().result_url.empty());
}

BOOST_AUTO_TEST_CASE(chooses_the_extension_by_what_is_known) {
  auto name = [](const std::string& url, const std::string& type) {
    whisper_params x;
    x.audio_url = url;
    auto subject = plan(x);
    auto world = until_upload(*subject, type);
    return world.request().parts.at(0).file_name.substr(36);
  };
  BOOST_TEST(name("https://x.example/a.MP3?filename=b.m4a", "audio/ogg")
             == ".m4a");
  BOOST_TEST(name("https://x.example/a.MP3", "audio/ogg") == ".mp3");
  BOOST_TEST(name("https://x.example/a", "audio/ogg") == ".ogg");
  BOOST_TEST(name("https://x.example/a", "") == ".flac");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_sound_before_the_service_sees_it) {
  auto subject = plan();
  player world{*subject};
  world.deliver(1000, "audio/mpeg");
  world.answer_with(msg::file_identity{"text/html", ".html", 1000});
  BOOST_TEST((world.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(world.error().message, "audio_url"));
  BOOST_TEST(contains(world.error().message, "text/html"));
  BOOST_TEST(!contains(world.error().message, "sig=1"));
}

BOOST_AUTO_TEST_CASE(refuses_what_nobody_can_name) {
  for (auto* type : {"application/octet-stream", "application/pdf",
                     "application/json", "image/png"}) {
    auto subject = plan();
    player world{*subject};
    world.deliver(1000, "audio/mpeg");
    world.answer_with(msg::file_identity{type, ".mp3", 1000});
    BOOST_TEST((world.error().kind == failure_kind::invalid_input));
  }
  auto subject = plan();
  player world{*subject};
  world.deliver(1000, "application/octet-stream");
  world.answer_with(msg::file_identity{"video/mp4", ".mp4", 1000});
  BOOST_TEST(contains(world.request().url, "/whisper/"));
}

BOOST_AUTO_TEST_CASE(sends_what_was_asked_for) {
  whisper_params x;
  x.model = "large-v3";
  x.language = "pt-BR";
  auto subject = plan(x);
  auto world = until_upload(*subject);
  BOOST_TEST(
    contains(start(world), R"(,"large-v3","transcribe","pt","cuda",)"));
}

BOOST_AUTO_TEST_CASE(aligns_no_translation) {
  whisper_params x;
  x.task = "translate";
  auto subject = plan(x);
  auto world = until_upload(*subject);
  BOOST_TEST(contains(start(world), R"(,"float16",16,"",true,)"));
  // There is no other way to try.
  world.feed(failed("failed to align segment"));
  BOOST_TEST((world.error().kind == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(tries_once_more_without_alignment) {
  auto subject = plan();
  auto world = until_upload(*subject);
  world.reply(200, R"(["/tmp/g/up.ogg"])");
  auto first = join(world);
  world.feed(failed("No default align-model for language: is"));
  BOOST_TEST(world.said("again without alignment"));
  auto second = join(world);
  BOOST_TEST(contains(data_of(second), R"(,"float16",16,"",true,)"));
  BOOST_TEST(contains(data_of(second), "/tmp/g/up.ogg"));
  BOOST_TEST(session_of(first) != session_of(second));
  world.feed(failed("No default align-model for language: is"));
  BOOST_TEST((world.error().kind == failure_kind::rejected));
  BOOST_TEST(
    contains(world.error().message, "whisper: No default align-model"));
}

BOOST_AUTO_TEST_CASE(sees_a_failure_that_comes_as_success) {
  auto error_of = [](const std::string& outputs) {
    auto subject = plan();
    auto world = until_upload(*subject);
    start(world);
    world.feed(completed(outputs));
    return world.error();
  };
  auto refused = error_of(R"(["Error: Failed to load audio",[]])");
  BOOST_TEST((refused.kind == failure_kind::rejected));
  BOOST_TEST(refused.message == "whisper: Failed to load audio");
  BOOST_TEST((error_of(R"(["Error: x",null])").kind == failure_kind::rejected));
  auto silent = error_of(R"(["",[]])");
  BOOST_TEST((silent.kind == failure_kind::rejected));
  BOOST_TEST(contains(silent.message, "does not say why"));
  BOOST_TEST(
    (error_of(R"(["Error: CUDA failed with error out of memory",[]])").kind
     == failure_kind::unavailable));
  BOOST_TEST((error_of("[]").kind == failure_kind::unavailable));
  BOOST_TEST((error_of("[null,[]]").kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(believes_speech_that_sounds_like_an_error) {
  auto subject = plan();
  auto world = until_upload(*subject);
  start(world);
  world.feed(completed(R"(["Error: he said.",)" + std::string{files} + "]"));
  world.deliver(10);
  world.answer_with(msg::stored_file{"https://store/x"});
  BOOST_TEST(world.outcome().text == "Error: he said.");
}

BOOST_AUTO_TEST_CASE(ends_well_when_nothing_was_said) {
  auto subject = plan();
  auto world = until_upload(*subject);
  start(world);
  world.feed(completed(R"(["",)" + std::string{files} + "]"));
  BOOST_TEST(world.outcome().success());
  BOOST_TEST(world.outcome().text.empty());
}

BOOST_AUTO_TEST_CASE(fails_when_the_text_cannot_be_kept) {
  auto until_file = [](render_plan& x) {
    auto world = until_upload(x);
    start(world);
    world.feed(completed(R"(["Hi.",)" + std::string{files} + "]"));
    return world;
  };
  auto first = plan();
  auto gone = until_file(*first);
  gone.reply(404);
  BOOST_TEST((gone.error().kind == failure_kind::unavailable));
  auto second = plan();
  auto unkept = until_file(*second);
  unkept.deliver(3);
  unkept.refuse(failure_kind::unavailable, "no storage");
  BOOST_TEST((unkept.error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(blames_a_file_that_is_too_large) {
  auto subject = plan();
  auto world = until_upload(*subject);
  world.reply(413, "too large", "text/plain");
  BOOST_TEST((world.error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(world.error().message, "audio_url"));
}

BOOST_AUTO_TEST_SUITE_END()
