// The formats of pictures, each beside another program that reads it.
#include "actors/io/media/box.hpp"
#include "actors/io/programs/program.hpp"
#include "tests/unit/picture_files.hpp"

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cstdio>
#include <cstdlib>

// After <cstdio>, which it needs.
#include <jpeglib.h>

using namespace render;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct formats_fixture : picture_files {
  result<msg::prepared_image> image(const std::string& input,
                                    bool flatten = true) const {
    msg::prepare_image x;
    x.input = input;
    x.output = path("out.png");
    x.flatten_alpha = flatten;
    return media::boxed::prepare(x, {}, "ffmpeg", {});
  }
};

/// A JPEG of these four bytes a pixel as printing colours.
std::string printed(const cv::Mat& cmyk) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* made = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &made, &size);
  info.image_width = static_cast<JDIMENSION>(cmyk.cols);
  info.image_height = static_cast<JDIMENSION>(cmyk.rows);
  info.input_components = 4;
  info.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row
      = const_cast<uchar*>(cmyk.ptr(static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string out{reinterpret_cast<char*>(made), size};
  std::free(made);
  jpeg_destroy_compress(&info);
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(picture_formats, formats_fixture)

// OpenCV's own decoders, which are not shipped, are the reference.
BOOST_AUTO_TEST_CASE(is_read_as_opencv_reads_it) {
  cv::Mat noise(37, 53, CV_8UC4);
  cv::randu(noise, 0, 255);
  cv::Mat colours, grey;
  cv::cvtColor(noise, colours, cv::COLOR_BGRA2BGR);
  cv::cvtColor(noise, grey, cv::COLOR_BGRA2GRAY);
  std::vector<std::string> files;
  for (auto* name : {"c.jpg", "c.png", "c.webp", "c.tiff", "c.bmp"})
    files.push_back(picture(name, colours));
  for (auto* name : {"g.jpg", "g.png", "g.tiff", "g.bmp"})
    files.push_back(picture(name, grey));
  auto jpeg = read(path("c.jpg"));
  for (char i = 1; i <= 8; ++i)
    files.push_back(
      write("turned" + std::to_string(i) + ".jpg", with_orientation(jpeg, i)));
  files.push_back(write("cmyk.jpg", printed(noise)));
  for (auto& file : files) {
    auto got = image(file);
    BOOST_REQUIRE_MESSAGE(got, file);
    auto ours = cv::imread(got->path, cv::IMREAD_UNCHANGED);
    auto theirs = cv::imread(file, cv::IMREAD_COLOR);
    BOOST_REQUIRE(ours.size() == theirs.size());
    BOOST_TEST(cv::norm(ours, theirs, cv::NORM_INF) <= 2.0, file);
  }
  // libtiff multiplies alpha into the colours: of little alpha, little is left.
  noise.forEach<cv::Vec4b>([](cv::Vec4b& x, const int*) {
    x[3] |= 128;
  });
  for (auto* name : {"a.png", "a.webp", "a.tiff", "a.bmp"}) {
    auto got = image(picture(name, noise), false);
    BOOST_REQUIRE_MESSAGE(got, name);
    auto ours = cv::imread(got->path, cv::IMREAD_UNCHANGED);
    auto theirs = cv::imread(path(name), cv::IMREAD_UNCHANGED);
    BOOST_REQUIRE_MESSAGE(ours.type() == theirs.type(), name);
    BOOST_TEST(cv::norm(ours, theirs, cv::NORM_INF) <= 2.0, name);
  }
}

// ffmpeg, which writes more kinds of them than OpenCV, is the reference.
BOOST_AUTO_TEST_CASE(may_be_any_bmp) {
  auto colours = picture("in.png", two_colours(61, 32));
  for (std::string kind :
       {"bgra", "bgr24", "rgb565le", "rgb555le", "gray", "pal8", "monob"}) {
    auto file = path(kind + ".bmp");
    auto made = programs::run_program({"ffmpeg", "-v", "error", "-i", colours,
                                       "-pix_fmt", kind, "file:" + file},
                                      60s, {});
    BOOST_REQUIRE_MESSAGE(made && made->exit_code == 0, made->err);
    auto still = path(kind + ".png");
    made = programs::run_program({"ffmpeg", "-v", "error", "-i", file,
                                  "-pix_fmt", "rgb24", "file:" + still},
                                 60s, {});
    BOOST_REQUIRE_MESSAGE(made && made->exit_code == 0, made->err);
    auto got = image(file);
    BOOST_REQUIRE_MESSAGE(got, kind << (got ? "" : got.error().message));
    auto ours = cv::imread(got->path, cv::IMREAD_UNCHANGED);
    auto theirs = cv::imread(still, cv::IMREAD_COLOR);
    BOOST_REQUIRE(ours.size() == theirs.size());
    BOOST_TEST(cv::norm(ours, theirs, cv::NORM_INF) <= 4.0, kind);
  }
}

// Four pixels a row, lower row first: runs, bytes as they are, an end of line,
// a jump.
BOOST_AUTO_TEST_CASE(may_be_a_packed_bmp) {
  auto little = [](uint32_t x, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i, x >>= 8)
      out += static_cast<char>(x);
    return out;
  };
  auto packed = [&](uint32_t bits, const std::string& rows) {
    auto palette = little(0x0000'0000, 4) + little(0x00ff'0000, 4)
                   + little(0x0000'ff00, 4) + little(0x0000'00ff, 4);
    auto bytes = static_cast<uint32_t>(54 + 16 + rows.size());
    return "BM" + little(bytes, 4) + little(0, 4) + little(54 + 16, 4)
           + little(40, 4) + little(4, 4) + little(3, 4) + little(1, 2)
           + little(bits, 2) + little(bits == 8 ? 1 : 2, 4) + little(0, 12)
           + little(4, 4) + little(0, 4) + palette + rows;
  };
  auto pixels = [&](const std::string& bytes) {
    auto got = image(write("in.bmp", bytes));
    BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
    auto seen = cv::imread(got->path);
    std::string out;
    for (int row = 0; row < seen.rows; ++row)
      for (int column = 0; column < seen.cols; ++column) {
        auto x = seen.at<cv::Vec3b>(row, column);
        out += x[2] ? 'r' : x[1] ? 'g' : x[0] ? 'b' : '.';
      }
    return out;
  };
  auto eight = "\4\1"s + "\0\0"s + "\0\3\2\3\1\0"s + "\0\2\1\1"s + "\1\2\0\1"s;
  BOOST_TEST(pixels(packed(8, eight)) == "....gbr.rrrr");
  auto four = "\4\x12"s + "\0\0"s + "\0\3\x23\x10"s + "\0\0\2\x33\0\1"s;
  BOOST_TEST(pixels(packed(4, four)) == "bb..gbr.rgrg");
}

BOOST_AUTO_TEST_SUITE_END()
