// Hostile files, and the box in which they are read.
#include "actors/io/media/audio.hpp"
#include "actors/io/media/box.hpp"
#include "actors/io/programs/program.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <opencv2/imgcodecs.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace render;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct box_fixture {
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream{folder.path(name), std::ios::binary} << bytes;
    return folder.path(name);
  }

  result<msg::prepared_image> picture(const std::string& input,
                                      std::stop_token stop = {}) const {
    msg::prepare_image x;
    x.input = input;
    x.output = folder.path("out.png");
    return media::boxed::prepare(x, {}, "ffmpeg", stop);
  }

  std::string refusal(const std::string& bytes) const {
    auto got = picture(write("in", bytes));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    return got.error().message;
  }

  std::string encoded(const char* extension) const {
    auto name = folder.path("made"s + extension);
    BOOST_REQUIRE(cv::imwrite(name, cv::Mat::zeros(8, 8, CV_8UC3)));
    std::ifstream in{name, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return std::move(out).str();
  }

  harness::temp_folder folder;
};

std::string shell(const std::string& script) {
  auto got = programs::run_program({"bash", "-c", script}, 60s, {});
  BOOST_REQUIRE(got);
  return got->out + got->err;
}

std::string big_endian(uint32_t x) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((x >> shift) & 0xff);
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_box, box_fixture)

BOOST_AUTO_TEST_CASE(holds_no_secret_and_no_descriptor) {
  setenv("C3_API_KEY", "swordfish", 1);
  auto open_to_children = ::open("/dev/null", O_RDONLY);
  BOOST_REQUIRE(fcntl(open_to_children, F_DUPFD, 40) >= 40);
  auto seen = shell("cat /proc/self/environ; ls -l /proc/$$/fd");
  BOOST_TEST(seen.find("swordfish") == std::string::npos);
  BOOST_TEST(seen.find("PATH=") != std::string::npos);
  BOOST_TEST(seen.find(" 40 ->") == std::string::npos, seen);
  unsetenv("C3_API_KEY");
}

BOOST_AUTO_TEST_CASE(has_walls) {
  BOOST_TEST(shell("ulimit -c").starts_with("0"));
  BOOST_TEST(shell("ulimit -v").find("unlimited") == std::string::npos);
  // Kilobytes. With the pages of libraries it stays below 500 MB.
  BOOST_TEST(std::stoul(shell("ulimit -d")) <= 400u << 10);
  BOOST_TEST(shell("ulimit -f").find("unlimited") == std::string::npos);
  BOOST_TEST(shell("grep NoNewPrivs /proc/self/status").find('1')
             != std::string::npos);
  // Refused by the filter, before anybody is asked.
  BOOST_TEST(shell("exec 5<>/dev/tcp/127.0.0.1/9").find("denied")
             != std::string::npos);
}

// A call that the filter bars fails as EACCES: of the kernel's own refusals
// none here does.
BOOST_AUTO_TEST_CASE(lets_nobody_at_other_processes) {
  auto other = ::fork();
  if (other == 0) {
    ::pause();
    ::_exit(0);
  }
  programs::child_limits wide{UINT64_MAX, UINT64_MAX, 1 << 20, 30, 64};
  auto got = programs::run_program({BARRED_CALLS, std::to_string(other)}, 60s,
                                   {}, wide);
  auto alive = ::waitpid(other, nullptr, WNOHANG) == 0;
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  BOOST_TEST(alive);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->exit_code == 0, got->err);
  std::istringstream lines{got->out};
  size_t own = 0;
  size_t barred = 0;
  for (std::string line; std::getline(lines, line);) {
    auto is_own = line.starts_with("own ");
    auto wanted = is_own ? 0 : line.starts_with("clone3 ") ? ENOSYS : EACCES;
    BOOST_TEST(line.ends_with(" " + std::to_string(wanted)), line);
    ++(is_own ? own : barred);
  }
  BOOST_TEST(own == 4u);
  BOOST_TEST(barred == 30u);
  auto ended = programs::run_program({BARRED_CALLS, "abort"}, 60s, {}, wide);
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->exit_code == 128 + SIGABRT);
}

BOOST_AUTO_TEST_CASE(does_the_usual_work) {
  auto got = picture(write("in", encoded(".jpg")));
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST(got->width == 8u);
  BOOST_TEST(std::filesystem::exists(folder.path("out.png")));
  auto what = media::boxed::identify(folder.path("out.png"), {});
  BOOST_REQUIRE(what);
  BOOST_TEST(what->content_type == "image/png");
  BOOST_TEST(what->extension == ".png");
}

BOOST_AUTO_TEST_CASE(takes_the_first_frame_of_a_gif) {
  auto gif = folder.path("in.gif");
  auto made = programs::run_program(
    {"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=32x16:d=0.2",
     "-f", "lavfi", "-i", "color=blue:s=32x16:d=1", "-filter_complex",
     "[0][1]concat", "file:" + gif},
    60s, {});
  BOOST_REQUIRE_MESSAGE(made && made->exit_code == 0,
                        (made ? made->err : made.error().message));
  auto got = picture(gif);
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST(got->width == 32u);
  BOOST_TEST(got->source_height == 16u);
  auto seen = cv::imread(got->path, cv::IMREAD_UNCHANGED);
  BOOST_TEST(seen.type() == CV_8UC3);
  auto pixel = seen.at<cv::Vec3b>(8, 16);
  BOOST_TEST((pixel[2] > 200 && pixel[0] < 60));
  // The GIF and the answer.
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{folder.path()},
                           std::filesystem::directory_iterator{})
             == 2);
}

// At the limits of what is accepted, and of the memory.
BOOST_AUTO_TEST_CASE(has_room_for_large_pictures) {
  struct {
    const char* name;
    cv::Mat picture;
  } const cases[] = {{"a.png", cv::Mat::zeros(8'192, 8'192, CV_8UC4)},
                     {"b.png", cv::Mat::zeros(5'700, 5'700, CV_16UC4)},
                     {"c.jpg", cv::Mat::zeros(8'000, 10'000, CV_8UC3)},
                     {"d.bmp", cv::Mat::zeros(5'500, 7'300, CV_8UC3)},
                     {"e.tiff", cv::Mat::zeros(5'500, 6'900, CV_8UC3)}};
  for (auto& x : cases) {
    auto file = folder.path(x.name);
    BOOST_REQUIRE(cv::imwrite(file, x.picture));
    auto got = picture(file);
    BOOST_TEST(got.has_value(), x.name << (got ? "" : got.error().message));
    std::filesystem::remove(file);
  }
}

BOOST_AUTO_TEST_CASE(ends_with_its_job) {
  std::stop_source stop;
  stop.request_stop();
  auto got = picture(write("in", encoded(".jpg")), stop.get_token());
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::aborted));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_hostile_file, box_fixture)

BOOST_AUTO_TEST_CASE(of_many_pixels_is_refused_by_its_header) {
  auto bits = (10'000u - 1) | (10'000u - 1) << 14;
  auto webp = "RIFF"s + std::string{"\x20\0\0\0", 4} + "WEBPVP8L"
              + std::string{"\x14\0\0\0\x2f", 5};
  for (int i = 0; i < 4; ++i)
    webp += static_cast<char>((bits >> (8 * i)) & 0xff);
  webp += std::string(15, '\0');
  BOOST_TEST(refusal(webp).find("10000x10000") != std::string::npos);
  // 36 million pixels of eight bytes.
  auto png = encoded(".png");
  png.replace(16, 10, big_endian(6'000) + big_endian(6'000) + "\x10\x06");
  BOOST_TEST(refusal(png).find("8 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(that_is_a_wide_gif_is_refused_by_its_header) {
  auto gif = "GIF89a\xff\xff\xff\xff\x80\0\0"s + std::string(100, '\0');
  BOOST_TEST(refusal(gif).find("65535x65535") != std::string::npos);
  BOOST_TEST(refusal("GIF89a\x09\0\x09\0\x80\0\0"s + std::string(100, '\0'))
             == "the GIF cannot be decoded");
}

BOOST_AUTO_TEST_CASE(that_is_a_wide_bmp_is_refused_by_its_header) {
  auto bmp = encoded(".bmp");
  BOOST_TEST(refusal(bmp.substr(0, bmp.size() - 9)).find("incomplete")
             != std::string::npos);
  // Packed in runs, so that nothing tells how long it is.
  bmp[30] = 1;
  bmp[28] = 7;
  BOOST_TEST(refusal(bmp) == "the BMP cannot be decoded");
  bmp.replace(18, 8, "\x60\xea\0\0\x60\xea\0\0"s);
  BOOST_TEST(refusal(bmp).find("60000x60000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_many_packed_texts_is_refused) {
  auto png = encoded(".png");
  std::string texts;
  for (int i = 0; i < 900; ++i)
    texts += big_endian(4) + "zTXta\0\0x"s + big_endian(0);
  BOOST_TEST(refusal(png.substr(0, 33) + texts + png.substr(33)).find("packed")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_many_scans_is_refused) {
  auto jpeg = encoded(".jpg");
  std::string scans;
  for (int i = 0; i < 2'000; ++i)
    scans += "\xff\xda\0\x08\x01\x01\0\0\x3f\0"s;
  BOOST_TEST(refusal(jpeg.substr(0, jpeg.size() - 2) + scans + "\xff\xd9")
               .find("100 scans")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_long_sound_is_cut_off) {
  auto made = programs::run_program({"ffmpeg", "-v", "error", "-f", "lavfi",
                                     "-i", "anullsrc=r=8000:cl=mono:d=600",
                                     "file:" + folder.path("long.flac")},
                                    60s, {});
  BOOST_REQUIRE(made && made->exit_code == 0);
  msg::prepare_audio x;
  x.input = folder.path("long.flac");
  x.output_stem = folder.path("ready");
  x.form = msg::audio_form::mono_wav;
  media::audio_tools tools;
  tools.seconds_max = 2;
  auto got = media::prepare(x, tools, {});
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  BOOST_TEST(std::filesystem::file_size(got->path) < 40'000u);
  tools.seconds_max = 3'600;
  tools.output_bytes_max = 100'000;
  got = media::prepare(x, tools, {});
  BOOST_REQUIRE(got);
  BOOST_TEST(std::filesystem::file_size(got->path) < 200'000u);
}

BOOST_AUTO_TEST_SUITE_END()
