// Other programs, how they are run, and what ffprobe says.
#include "actors/io/media/audio.hpp"
#include "actors/io/programs/program.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stop_token>
#include <thread>

using namespace render;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(ffprobe)

BOOST_AUTO_TEST_CASE(tells_a_cover_from_a_film) {
  auto x = media::read_probe(
    R"({"streams":[{"codec_type":"audio"},{"codec_type":"video",)"
    R"("disposition":{"attached_pic":1}}],)"
    R"("format":{"format_name":"mp3","duration":"2.5"}})");
  BOOST_REQUIRE(x);
  BOOST_TEST(x->has_audio);
  BOOST_TEST(!x->has_video);
  BOOST_TEST(x->duration_s == 2.5);
  BOOST_TEST(media::is_widely_readable(*x));
}

BOOST_AUTO_TEST_CASE(may_say_little) {
  auto x = media::read_probe("{}");
  BOOST_REQUIRE(x);
  BOOST_TEST(!x->has_audio);
  BOOST_TEST(x->duration_s < 0);
  BOOST_TEST(!media::read_probe("oops").has_value());
  auto unknown = media::read_probe(R"({"format":{"duration":"N/A"}})");
  BOOST_TEST(unknown->duration_s < 0);
}

BOOST_AUTO_TEST_CASE(names_what_has_no_other_name) {
  auto name = [](const char* format, bool audio, bool video) {
    media::audio_probe x;
    x.format = format;
    x.has_audio = audio;
    x.has_video = video;
    auto got = media::name_of(x);
    return got.content_type + " " + got.extension;
  };
  BOOST_TEST(name("mp3", true, false) == "audio/mpeg .mp3");
  BOOST_TEST(name("matroska,webm", true, true) == "video/x-mkv .mkv");
  BOOST_TEST(name("mov,mp4,m4a,3gp,3g2,mj2", true, false)
             == "audio/x-mov .mov");
  BOOST_TEST(name("mpegts", false, false) == "application/octet-stream ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(another_program)

BOOST_AUTO_TEST_CASE(gets_its_arguments_as_they_are) {
  auto got = programs::run_program(
    {"printf", "%s|", "a b", "$HOME", "; ls", "*"}, 10s, {});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->out == "a b|$HOME|; ls|*|");
  BOOST_TEST(programs::run_program({"false"}, 10s, {})->exit_code == 1);
}

BOOST_AUTO_TEST_CASE(that_lacks_memory_in_its_box_is_not_the_machines_fault) {
  auto lacks = [](const std::string& err) {
    return programs::lacks_room({1, {}, err});
  };
  BOOST_TEST(lacks("av_interleaved_write_frame(): No space left on device"));
  BOOST_TEST(!lacks("file:a.mov: Cannot allocate memory"));
  BOOST_TEST(!lacks("Invalid data found when processing input"));
}

BOOST_AUTO_TEST_CASE(that_is_missing_or_slow_is_a_failure) {
  auto missing = programs::run_program({"no-such-program-here"}, 10s, {});
  BOOST_REQUIRE(!missing);
  BOOST_TEST((missing.error().kind == failure_kind::unfit));
  auto slow = programs::run_program({"sleep", "60"}, 100ms, {});
  BOOST_REQUIRE(!slow);
  BOOST_TEST((slow.error().kind == failure_kind::rejected));
  std::stop_source stop;
  stop.request_stop();
  auto stopped = programs::run_program({"sleep", "60"}, 60s, stop.get_token());
  BOOST_REQUIRE(!stopped);
  BOOST_TEST((stopped.error().kind == failure_kind::aborted));
}

BOOST_AUTO_TEST_CASE(that_says_no_more_ends_in_time_all_the_same) {
  const std::vector<std::string> silent{"sh", "-c",
                                        "exec >&- 2>&-; exec sleep 20"};
  const auto begin = std::chrono::steady_clock::now();
  auto slow = programs::run_program(silent, 200ms, {});
  BOOST_REQUIRE(!slow);
  BOOST_TEST((slow.error().kind == failure_kind::rejected));
  std::stop_source stop;
  std::jthread stopper{[&] {
    std::this_thread::sleep_for(200ms);
    stop.request_stop();
  }};
  auto stopped = programs::run_program(silent, 60s, stop.get_token());
  BOOST_REQUIRE(!stopped);
  BOOST_TEST((stopped.error().kind == failure_kind::aborted));
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 15s));
}

BOOST_AUTO_TEST_CASE(leaves_nothing_behind) {
  auto got = programs::run_program({"sh", "-c", "sleep 60 >&- 2>&- & echo $!"},
                                   10s, {});
  BOOST_REQUIRE(got);
  // Nobody may have asked yet how the killed one ended.
  auto runs = [pid = std::stoi(got->out)] {
    std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
    std::string id;
    std::string name;
    char state = 'Z';
    in >> id >> name >> state;
    return state != 'Z' && state != 'X';
  };
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (runs() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(2ms);
  BOOST_TEST(!runs());
}

BOOST_AUTO_TEST_CASE(that_runs_for_long_steps_back) {
  auto got = programs::run_program(
    {"sh", "-c",
     "nice; for i in $(seq 200); do [ $(nice) -gt 0 ] && exit 0; "
     "sleep 0.05; done; exit 1"},
    60s, {});
  BOOST_REQUIRE(got);
  BOOST_TEST(got->out == "0\n");
  BOOST_TEST(got->exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()
