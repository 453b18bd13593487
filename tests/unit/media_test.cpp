// Pictures and sound as the services need them, from files made here.
#include "actors/io/media/audio.hpp"
#include "actors/io/media/identify.hpp"
#include "actors/io/media/image.hpp"
#include "actors/io/programs/program.hpp"
#include "messages/text/json.hpp"
#include "tests/unit/picture_files.hpp"

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace render;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct media_fixture : picture_files {
  result<msg::prepared_image>
  image(const std::string& input, const std::string& output = "out.png",
        bool flatten = true, media::image_limits limits = {}) const {
    msg::prepare_image x;
    x.input = input;
    x.output = path(output);
    x.flatten_alpha = flatten;
    return media::prepare(x, limits);
  }

  std::string image_error(const std::string& input,
                          media::image_limits limits = {}) const {
    auto got = image(input, "out.png", true, limits);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    BOOST_TEST(!std::filesystem::exists(path("out.png")));
    return got.error().message;
  }

  /// Made by ffmpeg with these arguments between input and output.
  std::string sound(const std::string& name,
                    std::vector<std::string> options = {}) const {
    std::vector<std::string> argv{
      "ffmpeg",
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      "sine=frequency=440:duration=2:sample_rate=22050"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("file:" + path(name));
    auto got = programs::run_program(argv, 60s, {});
    BOOST_REQUIRE_MESSAGE(got && got->exit_code == 0,
                          (got ? got->err : got.error().message));
    return path(name);
  }

  result<msg::prepared_audio>
  audio(const std::string& input,
        msg::audio_form form = msg::audio_form::widely_readable) const {
    msg::prepare_audio x;
    x.input = input;
    x.output_stem = path("ready");
    x.form = form;
    return media::prepare(x, {}, {});
  }

  /// The same for both forms.
  std::string audio_error(const std::string& input) const {
    auto got = audio(input);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    auto mono = audio(input, msg::audio_form::mono_wav);
    BOOST_REQUIRE(!mono);
    BOOST_TEST((mono.error().kind == failure_kind::invalid_input));
    BOOST_TEST(mono.error().message == got.error().message);
    return got.error().message;
  }

  /// "codec,sample_rate,channels" of the first sound.
  static std::string stream_of(const std::string& file) {
    auto got = programs::run_program(
      {"ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries",
       "stream=codec_name,sample_rate,channels", "-of", "csv=p=0", file},
      60s, {});
    BOOST_REQUIRE(got);
    return got->out.substr(0, got->out.find('\n'));
  }
};

bool is_red(const cv::Mat& x, int row, int column) {
  auto pixel = x.at<cv::Vec3b>(row, column);
  return pixel[2] > 200 && pixel[0] < 60;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_picture, media_fixture)

BOOST_AUTO_TEST_CASE(is_shrunk_to_fit_to_the_pixel) {
  struct {
    int from_width, from_height;
    unsigned width, height;
  } const cases[] = {{2048, 2048, 2048, 2048}, {4096, 2048, 2048, 1024},
                     {3000, 2000, 2048, 1365}, {2000, 3000, 1365, 2048},
                     {2049, 1, 2048, 1},       {100, 50, 100, 50}};
  for (auto& x : cases) {
    auto got = image(
      picture("in.png", cv::Mat::zeros(x.from_height, x.from_width, CV_8UC3)));
    BOOST_REQUIRE(got);
    BOOST_TEST(got->width == x.width);
    BOOST_TEST(got->height == x.height);
    BOOST_TEST(got->source_width == static_cast<unsigned>(x.from_width));
    BOOST_TEST(got->source_height == static_cast<unsigned>(x.from_height));
    auto written = cv::imread(got->path);
    BOOST_TEST(written.cols == static_cast<int>(x.width));
    BOOST_TEST(written.rows == static_cast<int>(x.height));
  }
}

BOOST_AUTO_TEST_CASE(stands_upright) {
  auto jpeg = read(picture("in.jpg", two_colours(64, 32)));
  auto turned = image(write("turned.jpg", with_orientation(jpeg, 6)));
  BOOST_REQUIRE(turned);
  BOOST_TEST(turned->source_width == 32u);
  BOOST_TEST(turned->source_height == 64u);
  // Turned clockwise: what was on the right is below.
  auto x = cv::imread(turned->path);
  BOOST_TEST(is_red(x, 60, 16));
  BOOST_TEST(!is_red(x, 4, 16));
  auto mirrored = image(write("mirrored.jpg", with_orientation(jpeg, 2)));
  BOOST_REQUIRE(mirrored);
  BOOST_TEST(is_red(cv::imread(mirrored->path), 16, 4));
  auto plain = image(write("plain.jpg", with_orientation(jpeg, 1)));
  BOOST_TEST(is_red(cv::imread(plain->path), 16, 60));
}

BOOST_AUTO_TEST_CASE(loses_its_alpha_over_white_or_keeps_it) {
  cv::Mat x{8, 8, CV_8UC4, cv::Scalar{0, 0, 255, 0}};
  x.at<cv::Vec4b>(0, 0) = {0, 0, 255, 255};
  x.at<cv::Vec4b>(0, 1) = {0, 0, 255, 128};
  auto input = picture("in.png", x);
  auto flat = image(input, "flat.png", true);
  BOOST_REQUIRE(flat);
  auto seen = cv::imread(flat->path, cv::IMREAD_UNCHANGED);
  BOOST_TEST(seen.channels() == 3);
  BOOST_TEST((seen.at<cv::Vec3b>(0, 0) == cv::Vec3b{0, 0, 255}));
  BOOST_TEST((seen.at<cv::Vec3b>(0, 1) == cv::Vec3b{127, 127, 255}));
  BOOST_TEST((seen.at<cv::Vec3b>(7, 7) == cv::Vec3b{255, 255, 255}));
  auto kept = image(input, "kept.png", false);
  BOOST_REQUIRE(kept);
  seen = cv::imread(kept->path, cv::IMREAD_UNCHANGED);
  BOOST_TEST(seen.channels() == 4);
  BOOST_TEST((seen.at<cv::Vec4b>(0, 1) == cv::Vec4b{0, 0, 255, 128}));
}

BOOST_AUTO_TEST_CASE(may_be_grey_deep_or_webp) {
  auto grey = image(picture("grey.png", cv::Mat::zeros(4, 4, CV_8UC1)));
  BOOST_TEST(grey.has_value());
  cv::Mat deep{4, 4, CV_16UC4, cv::Scalar{65'535, 0, 0, 65'535}};
  auto flat = image(picture("deep.png", deep));
  BOOST_REQUIRE(flat);
  auto seen = cv::imread(flat->path, cv::IMREAD_UNCHANGED);
  BOOST_TEST(seen.depth() == CV_8U);
  BOOST_TEST((seen.at<cv::Vec3b>(0, 0) == cv::Vec3b{255, 0, 0}));
  auto webp = image(picture("in.webp", two_colours(64, 32)));
  BOOST_REQUIRE(webp);
  BOOST_TEST(is_red(cv::imread(webp->path), 16, 60));
}

BOOST_AUTO_TEST_CASE(may_be_a_tiff) {
  auto got = image(picture("in.tiff", two_colours(64, 32)));
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST(got->width == 64u);
  auto colours = cv::imread(got->path);
  BOOST_TEST(is_red(colours, 16, 60));
  BOOST_TEST(!is_red(colours, 16, 4));
  cv::Mat deep{4, 4, CV_16UC4, cv::Scalar{65'535, 0, 0, 0}};
  auto flat = image(picture("deep.tiff", deep));
  BOOST_REQUIRE(flat);
  auto seen = cv::imread(flat->path, cv::IMREAD_UNCHANGED);
  BOOST_TEST(seen.type() == CV_8UC3);
  BOOST_TEST((seen.at<cv::Vec3b>(0, 0) == cv::Vec3b{255, 255, 255}));
}

BOOST_AUTO_TEST_CASE(comes_along_as_base64_when_asked) {
  msg::prepare_image x;
  x.input = picture("in.png", cv::Mat::zeros(2, 2, CV_8UC3));
  x.output = path("out.jpg");
  x.embed_base64 = true;
  auto got = media::prepare(x, {});
  BOOST_REQUIRE(got);
  // Of a JPEG's first bytes.
  BOOST_TEST(got->base64.rfind("/9j/", 0) == 0u);
  auto bytes = std::filesystem::file_size(got->path);
  BOOST_TEST(got->base64.size() == (bytes + 2) / 3 * 4);
}

BOOST_AUTO_TEST_CASE(that_is_none_is_told_what_it_is) {
  BOOST_TEST(
    image_error(write("a.png", "just text"))
    == "not a JPEG, PNG, WebP, GIF, BMP or TIFF picture but text/plain");
  BOOST_TEST(
    image_error(write("a.png", "<!DOCTYPE html><html></html>"))
    == "not a JPEG, PNG, WebP, GIF, BMP or TIFF picture but text/html");
  BOOST_TEST(image_error(write("a.png", "")) == "the file is empty (0 bytes)");
}

BOOST_AUTO_TEST_CASE(that_was_cut_is_refused) {
  for (auto* name : {"in.png", "in.webp", "in.bmp", "in.tiff"}) {
    auto whole = read(picture(name, two_colours(256, 256)));
    auto text
      = image_error(write("cut-"s + name, whole.substr(0, whole.size() / 2)));
    BOOST_TEST(text.find("is incomplete") != std::string::npos, text);
  }
}

// As in the services, whose library fills up what is missing.
BOOST_AUTO_TEST_CASE(that_is_a_cut_jpeg_is_taken_as_far_as_it_goes) {
  cv::Mat noise(256, 256, CV_8UC3);
  cv::RNG{7}.fill(noise, cv::RNG::UNIFORM, cv::Scalar::all(0),
                  cv::Scalar::all(255));
  for (auto progressive : {0, 1}) {
    BOOST_REQUIRE(cv::imwrite(path("in.jpg"), noise,
                              {cv::IMWRITE_JPEG_PROGRESSIVE, progressive}));
    auto whole = read(path("in.jpg"));
    auto seen = cv::imread(path("in.jpg"));
    for (size_t part = 3; part <= 10; ++part) {
      auto got = image(
        write("cut.jpg", whole.substr(0, whole.size() * part / 10 - 2)));
      BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
      BOOST_TEST(got->width == 256u);
      BOOST_TEST(got->height == 256u);
      auto top = cv::imread(got->path).rowRange(0, 16);
      if (progressive == 0)
        BOOST_TEST(cv::norm(top, seen.rowRange(0, 16), cv::NORM_INF) <= 2.0);
    }
  }
}

BOOST_AUTO_TEST_CASE(that_would_cost_gigabytes_is_refused_by_its_header) {
  auto bomb = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x86\xa0\0\1\x86\xa0\x08\x02"
              "\0\0\0crc!\0\0\0\0IENDcrc!"s;
  BOOST_TEST(image_error(write("bomb.png", bomb))
             == "the picture has 100000x100000 pixels, accepted is up to "
                "100000000");
  auto fits = picture("in.png", cv::Mat::zeros(10, 10, CV_8UC3));
  BOOST_TEST(image_error(fits, {99, 1u << 20}).find("10x10")
             != std::string::npos);
  BOOST_TEST(image(fits, "ok.png", true, {100, 1u << 20}).has_value());
  BOOST_TEST(image_error(fits, {100, 10}).find("larger than 10 bytes")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_garbage_behind_a_good_header_is_refused) {
  auto whole = read(picture("in.png", two_colours(64, 64)));
  for (size_t i = 40; i + 12 < whole.size(); ++i)
    whole[i] = 'x';
  image_error(write("garbage.png", whole));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_sound, media_fixture)

BOOST_AUTO_TEST_CASE(that_everybody_reads_stays_as_it_is) {
  for (auto* extension : {".mp3", ".wav", ".flac"}) {
    auto input = sound("in"s + extension);
    auto bytes = read(input);
    // The name does not say what it is.
    auto unnamed = path("download");
    std::filesystem::rename(input, unnamed);
    auto got = audio(unnamed);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->path == path("ready"s + extension));
    BOOST_TEST((read(got->path) == bytes));
    BOOST_TEST(std::abs(got->duration_s - 2) < 0.1);
  }
}

BOOST_AUTO_TEST_CASE(of_another_kind_becomes_an_mp3) {
  for (auto* name : {"in.m4a", "in.aac", "in.ogg", "in.webm"}) {
    std::vector<std::string> options;
    if (name == "in.ogg"s)
      options = {"-c:a", "libvorbis"};
    auto got = audio(sound(name, options));
    BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
    BOOST_TEST(got->path == path("ready.mp3"));
    BOOST_TEST(got->content_type == "audio/mpeg");
    BOOST_TEST(stream_of(got->path) == "mp3,44100,2");
    BOOST_TEST(std::abs(got->duration_s - 2) < 0.15);
  }
}

BOOST_AUTO_TEST_CASE(of_a_video_becomes_an_mp3) {
  auto got = audio(
    sound("in.mp4", {"-f", "lavfi", "-i", "color=s=64x64:d=2", "-shortest"}));
  BOOST_REQUIRE(got);
  BOOST_TEST(stream_of(got->path) == "mp3,44100,2");
}

BOOST_AUTO_TEST_CASE(for_a_reference_voice_is_made_mono) {
  for (auto* name : {"in.mp3", "in.wav"}) {
    auto got = audio(sound(name, {"-ac", "2"}), msg::audio_form::mono_wav);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->path == path("ready.wav"));
    BOOST_TEST(stream_of(got->path) == "pcm_s16le,22050,1");
    BOOST_TEST(std::abs(got->duration_s - 2) < 0.1);
  }
}

BOOST_AUTO_TEST_CASE(with_a_strange_name_is_no_option) {
  std::filesystem::current_path(folder.path());
  sound("-y.ogg", {"-c:a", "libvorbis"});
  auto got = audio("./-y.ogg");
  BOOST_TEST(got.has_value());
  std::filesystem::current_path("/");
}

// A caller could have other files read, or addresses asked, in our name.
BOOST_AUTO_TEST_CASE(that_is_a_playlist_is_refused) {
  auto secret = sound("secret.wav");
  for (auto& list : {"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + secret
                       + "\n#EXT-X-ENDLIST\n",
                     "ffconcat version 1.0\nfile secret.wav\n"s})
    BOOST_TEST(audio_error(write("list.mp3", list)).find("not sound") == 0u);
}

BOOST_AUTO_TEST_CASE(that_is_none_is_told_what_it_is) {
  BOOST_TEST(audio_error(write("a.mp3", "")) == "the file is empty (0 bytes)");
  BOOST_TEST(audio_error(write("a.mp3", "<!DOCTYPE html><html></html>"))
             == "an HTML page, not sound");
  BOOST_TEST(
    audio_error(write("b.mp3", "just text"s)).find("the file is text/plain")
    != std::string::npos);
}

BOOST_AUTO_TEST_CASE(is_missing_in_a_silent_film) {
  auto got = programs::run_program({"ffmpeg", "-v", "error", "-f", "lavfi",
                                    "-i", "color=s=64x64:d=1", path("in.mp4")},
                                   60s, {});
  BOOST_REQUIRE(got && got->exit_code == 0);
  BOOST_TEST(audio_error(path("in.mp4")).find("there is no sound in it") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(content, media_fixture)

BOOST_AUTO_TEST_CASE(is_told_from_the_bytes_and_not_the_name) {
  auto type = [](const std::string& file) {
    auto got = media::identify(file);
    BOOST_REQUIRE(got);
    return got->content_type + " " + got->extension;
  };
  picture("a.png", two_colours(4, 4));
  picture("a.jpg", two_colours(4, 4));
  std::filesystem::rename(path("a.png"), path("b.txt"));
  BOOST_TEST(type(path("b.txt")) == "image/png .png");
  BOOST_TEST(type(path("a.jpg")) == "image/jpeg .jpg");
  BOOST_TEST(type(write("c", "just text")) == "text/plain .txt");
  BOOST_TEST(type(sound("d.mp3")) == "audio/mpeg .mp3");
  BOOST_TEST(type(sound("e.flac")) == "audio/flac .flac");
  BOOST_TEST(media::identify(path("c"))->bytes == 9u);
  BOOST_TEST(!media::identify(path("missing")).has_value());
}

// What is no sound must not be called one: it would leave for a GPU node.
BOOST_AUTO_TEST_CASE(that_libmagic_cannot_name_is_shown_to_ffprobe) {
  auto type = [](const std::string& file) {
    auto got = media::identify(file, {}, {});
    BOOST_REQUIRE(got);
    return got->content_type + " " + got->extension;
  };
  auto bare = read(sound("a.mp3", {"-id3v2_version", "0"}));
  std::string noise;
  for (int i = 0; i < 40; ++i)
    for (int byte = 7; byte < 250; ++byte)
      noise += static_cast<char>(byte);
  BOOST_TEST(media::identify(write("b.bin", noise))->content_type
             == "application/octet-stream");
  BOOST_TEST(type(path("b.bin")) == "application/octet-stream ");
  auto behind = write("c.bin", std::string(1000, '\0') + bare);
  BOOST_TEST(media::identify(behind)->content_type
             == "application/octet-stream");
  BOOST_TEST(type(behind) == "audio/mpeg .mp3");
  BOOST_TEST(media::identify(behind, {}, {})->bytes == bare.size() + 1000);
  BOOST_TEST(type(write("d", "just text")) == "text/plain .txt");
}

BOOST_AUTO_TEST_SUITE_END()

// /dev/full is a disk without room. A link to it, since a file that could not
// be written is removed.
BOOST_FIXTURE_TEST_SUITE(on_a_full_disk, media_fixture)

BOOST_AUTO_TEST_CASE(a_picture_is_not_to_blame) {
  auto input = picture("in.png", cv::Mat::zeros(40, 40, CV_8UC3));
  std::filesystem::create_symlink("/dev/full", path("out.png"));
  msg::prepare_image x;
  x.input = input;
  x.output = path("out.png");
  auto got = media::prepare(x, {});
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::unfit));
}

// A short sound, of which ffmpeg says nothing in its exit code, and a long one.
BOOST_AUTO_TEST_CASE(a_sound_is_not_to_blame) {
  for (auto* seconds : {"0.1", "20"}) {
    auto input = path("in.wav");
    auto made
      = programs::run_program({"ffmpeg", "-v", "error", "-y", "-f", "lavfi",
                               "-i", "sine=duration="s + seconds, input},
                              60s, {});
    BOOST_REQUIRE(made);
    BOOST_REQUIRE(made->exit_code == 0);
    std::filesystem::remove(path("out.wav"));
    std::filesystem::create_symlink("/dev/full", path("out.wav"));
    msg::prepare_audio x;
    x.input = input;
    x.output_stem = path("out");
    x.form = msg::audio_form::mono_wav;
    auto got = media::prepare(x, {}, {});
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::unfit), seconds);
  }
}

BOOST_AUTO_TEST_SUITE_END()
