// One job's file that takes long, and the files of others meanwhile.
#include "actors/io/media/media.hpp"
#include "messages/failure_caf.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/picture_files.hpp"

#include <sys/stat.h>

#include <chrono>
#include <memory>

using namespace render;
using namespace std::chrono_literals;

namespace {

/// A MEDIA actor whose ffmpeg hangs when its input has "hang" in its name.
struct turns_fixture : picture_files {
  turns_fixture() {
    add_message_types(cfg);
    system = std::make_unique<caf::actor_system>(cfg);
    // /bin/sh becomes the program, so that no child of it is left to kill.
    write("tool", "#!/bin/sh\n"
                  "case \"$*\" in *hang*) echo >> '"
                    + path("begun")
                    + "'; exec sleep 600;; esac\n"
                      "exec ffmpeg \"$@\"\n");
    ::chmod(path("tool").c_str(), 0700);
    media::config parts;
    parts.audio.ffmpeg = path("tool");
    media = system->spawn(media_behavior, parts, null_logger());
    small = picture("small.png", cv::Mat::zeros(8, 8, CV_8UC3));
  }

  ~turns_fixture() {
    caf::anon_send(media, msg::cancel_media{""});
    caf::anon_send_exit(media, caf::exit_reason::user_shutdown);
  }

  size_t begun() const {
    return read(path("begun")).size();
  }

  void hang_with_sounds(int count) {
    for (int i = 0; i < count; ++i) {
      msg::prepare_audio x;
      x.input = write("hang" + std::to_string(i), "sound");
      x.output_stem = x.input + ".out";
      x.form = msg::audio_form::mono_wav;
      x.group = "job/hang/";
      caf::anon_send(media, x);
    }
    BOOST_REQUIRE(harness::wait_until([&] {
      return begun() == static_cast<size_t>(count);
    }));
  }

  void hang_with_pictures(int count) {
    for (int i = 0; i < count; ++i) {
      msg::prepare_image x;
      x.input = write("hang" + std::to_string(i),
                      "GIF89a\x09" + std::string("\0\x09\0\x80\0\0", 6)
                        + std::string(100, '\0'));
      x.output = x.input + ".png";
      x.group = "job/hang/";
      caf::anon_send(media, x);
    }
    BOOST_REQUIRE(harness::wait_until([&] {
      return begun() == static_cast<size_t>(count);
    }));
  }

  /// Empty when the answer came, and said that it went well.
  template <class Answer, class Request>
  std::string fault_of(const Request& x) {
    std::string out;
    caf::scoped_actor self{*system};
    self->request(media, 5s, x)
      .receive([](const Answer&) {},
               [&](const caf::error& err) {
                 out = caf::to_string(err);
               });
    return out;
  }

  std::string small_picture() {
    msg::prepare_image x;
    x.input = small;
    x.output = path("small.out.png");
    x.group = "job/small/";
    return fault_of<msg::prepared_image>(x);
  }

  std::string small_sound() {
    msg::prepare_audio x;
    x.input = sound;
    x.output_stem = path("small.out");
    x.form = msg::audio_form::mono_wav;
    x.group = "job/small/";
    return fault_of<msg::prepared_audio>(x);
  }

  std::string what_it_is() {
    return fault_of<msg::file_identity>(
      msg::identify_file{small, "job/small/"});
  }

  std::string make_sound() {
    // A WAV: a head, and a tenth of a second of silence.
    using namespace std::string_literals;
    auto head = "RIFF\x64\x06\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0"
                "\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x40\x06\0\0"s;
    return write("small.wav", head + std::string(1'600, '\0'));
  }

  caf::actor_system_config cfg;
  std::unique_ptr<caf::actor_system> system;
  media_shell_actor media;
  std::string small;
  std::string sound = make_sound();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(files_that_hang, turns_fixture)

BOOST_AUTO_TEST_CASE(as_sounds_hold_up_no_file_of_another) {
  hang_with_sounds(3);
  BOOST_TEST(small_picture() == "");
  BOOST_TEST(small_sound() == "");
  BOOST_TEST(what_it_is() == "");
}

BOOST_AUTO_TEST_CASE(as_pictures_hold_up_no_file_of_another) {
  hang_with_pictures(3);
  BOOST_TEST(small_sound() == "");
  BOOST_TEST(what_it_is() == "");
  BOOST_TEST(small_picture() == "");
}

BOOST_AUTO_TEST_SUITE_END()
