// What an image file says of itself, also when it lies or ends too early.
#include "actors/io/media/image_header.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::media;
using namespace std::string_literals;

namespace {

std::string little(uint32_t x, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i, x >>= 8)
    out += static_cast<char>(x);
  return out;
}

std::string big(uint32_t x, int bytes) {
  auto out = little(x, bytes);
  return {out.rbegin(), out.rend()};
}

std::string png(uint32_t width, uint32_t height) {
  return "\x89PNG\r\n\x1a\n"s + big(13, 4) + "IHDR" + big(width, 4)
         + big(height, 4) + "\x08\x02\0\0\0"s + "crc!" + big(0, 4) + "IENDcrc!";
}

/// With a chunk before the pixels.
std::string png_with(const std::string& type, const std::string& data) {
  auto whole = png(640, 480);
  return whole.substr(0, 33) + big(static_cast<uint32_t>(data.size()), 4) + type
         + data + "crc!" + whole.substr(33);
}

std::string segment(int marker, const std::string& payload) {
  return "\xff"s + static_cast<char>(marker)
         + big(static_cast<uint32_t>(payload.size() + 2), 2) + payload;
}

std::string frame(uint32_t width, uint32_t height, int marker = 0xc0) {
  return segment(marker, "\x08"s + big(height, 2) + big(width, 2) + "\x03"s);
}

const auto scan = segment(0xda, "\x01\x01\0\0\x3f\0"s) + "picture"
                  + "\xff\xd9"s;

std::string webp(const std::string& chunk, const std::string& payload) {
  auto body = "WEBP" + chunk + little(static_cast<uint32_t>(payload.size()), 4)
              + payload;
  return "RIFF" + little(static_cast<uint32_t>(body.size()), 4) + body;
}

std::string gif(uint32_t width, uint32_t height) {
  return "GIF89a" + little(width, 2) + little(height, 2) + "\x80\0\0"s;
}

/// 24 bits a pixel, not packed.
std::string bmp(uint32_t width, uint32_t height) {
  auto side = height > INT32_MAX ? 0 - height : height;
  auto line = (width * 3 + 3) / 4 * 4;
  return "BM" + little(0, 8) + little(54, 4) + little(40, 4) + little(width, 4)
         + little(height, 4) + little(1, 2) + little(24, 2) + little(0, 24)
         + std::string(line * side, 'x');
}

/// Three samples of 16 bits; the bits are listed elsewhere.
std::string tiff(uint32_t width, uint32_t height, uint32_t colours = 2,
                 bool small_first = true) {
  auto number = small_first ? little : big;
  auto field = [&](uint32_t tag, uint32_t type, uint32_t count,
                   const std::string& value) {
    return number(tag, 2) + number(type, 2) + number(count, 4) + value;
  };
  auto word = [&](uint32_t x) {
    return number(x, 2) + number(0, 2);
  };
  return (small_first ? "II" : "MM") + number(42, 2) + number(14, 4)
         + number(16, 2) + number(16, 2) + number(16, 2) + number(5, 2)
         + field(256, 4, 1, number(width, 4)) + field(257, 3, 1, word(height))
         + field(258, 3, 3, number(8, 4)) + field(262, 3, 1, word(colours))
         + field(277, 3, 1, word(3)) + number(0, 4);
}

image_header good(const std::string& bytes) {
  auto got = read_image_header(bytes);
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().message));
  return *got;
}

std::string bad(const std::string& bytes) {
  auto got = read_image_header(bytes);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::invalid_input));
  return got.error().message;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_header)

BOOST_AUTO_TEST_CASE(of_a_png_tells_the_size) {
  auto x = good(png(640, 480));
  BOOST_TEST((x.format == image_format::png));
  BOOST_TEST(x.width == 640u);
  BOOST_TEST(x.height == 480u);
  // A bomb is read like any other; whoever decodes decides.
  BOOST_TEST(good(png(0x7fffffff, 0x7fffffff)).width == 0x7fffffffu);
}

BOOST_AUTO_TEST_CASE(of_a_jpeg_tells_the_size) {
  for (auto marker : {0xc0, 0xc1, 0xc2, 0xc9}) {
    auto x = good("\xff\xd8"s + segment(0xe0, "JFIF") + frame(640, 480, marker)
                  + scan);
    BOOST_TEST(x.width == 640u);
    BOOST_TEST(x.height == 480u);
  }
}

BOOST_AUTO_TEST_CASE(of_a_jpeg_is_not_that_of_its_thumbnail) {
  auto thumbnail = "\xff\xd8"s + frame(16, 12) + scan;
  auto x = good("\xff\xd8"s + segment(0xe1, "Exif\0\0"s + thumbnail)
                + segment(0xc4, "table") + "\xff"s + frame(640, 480) + scan);
  BOOST_TEST(x.width == 640u);
}

BOOST_AUTO_TEST_CASE(of_a_jpeg_without_its_end_is_good) {
  auto head = "\xff\xd8"s + segment(0xe0, "JFIF") + frame(640, 480);
  auto first = segment(0xda, "\x01\x01\0\0\x3f\0"s);
  for (auto& cut : {head + first, head + first + "pict"})
    BOOST_TEST(good(cut).width == 640u);
  auto begun = head + first;
  for (size_t size = 0; size < begun.size(); ++size)
    BOOST_TEST(!read_image_header(begun.substr(0, size)), size);
  std::string more;
  for (int i = 0; i < 100; ++i)
    more += first;
  BOOST_TEST(bad(begun + more) == "the JPEG file has more than 100 scans");
}

BOOST_AUTO_TEST_CASE(of_a_webp_tells_the_size) {
  auto extended
    = good(webp("VP8X", little(0, 4) + little(639, 3) + little(479, 3)));
  BOOST_TEST(extended.width == 640u);
  BOOST_TEST(extended.height == 480u);
  auto lossless
    = good(webp("VP8L", "\x2f"s + little(639 | (479 << 14), 4) + "padding!!"));
  BOOST_TEST(lossless.width == 640u);
  BOOST_TEST(lossless.height == 480u);
  auto lossy
    = good(webp("VP8 ", "tag\x9d\x01\x2a"s + little(640, 2) + little(480, 2)));
  BOOST_TEST(lossy.width == 640u);
  BOOST_TEST(lossy.height == 480u);
}

BOOST_AUTO_TEST_CASE(of_a_gif_tells_the_size) {
  auto x = good(gif(640, 480));
  BOOST_TEST((x.format == image_format::gif));
  BOOST_TEST(x.width == 640u);
  BOOST_TEST(x.height == 480u);
}

BOOST_AUTO_TEST_CASE(of_a_png_with_a_chunk_longer_than_the_file_is_refused) {
  BOOST_TEST(good(png_with("eXIf", "MM")).width == 640u);
  auto whole = png_with("eXIf", "MM");
  whole.replace(33, 4, big(0x2300'0009, 4));
  BOOST_TEST(bad(whole) == "the PNG file is incomplete");
}

BOOST_AUTO_TEST_CASE(of_a_bmp_tells_the_size) {
  auto x = good(bmp(6, 4));
  BOOST_TEST((x.format == image_format::bmp));
  BOOST_TEST(x.width == 6u);
  BOOST_TEST(x.height == 4u);
  BOOST_TEST(good(bmp(6, 0u - 4)).height == 4u);
}

BOOST_AUTO_TEST_CASE(of_a_tiff_tells_the_size_and_depth_of_its_first_picture) {
  for (auto small_first : {true, false}) {
    auto x = good(tiff(640, 480, 2, small_first));
    BOOST_TEST((x.format == image_format::tiff));
    BOOST_TEST(x.width == 640u);
    BOOST_TEST(x.height == 480u);
    BOOST_TEST(x.pixel_bytes == 10u);
    BOOST_TEST(x.orientation == 1);
  }
}

BOOST_AUTO_TEST_CASE(tells_how_a_picture_is_turned) {
  auto exif = [](char orientation, char count = 1) {
    return "II*\0\x08\0\0\0"s + count + "\0\x12\x01\x03\0\x01\0\0\0"s
           + orientation + "\0\0\0\0\0\0\0"s;
  };
  auto jpeg = [&](const std::string& marks) {
    return good("\xff\xd8"s + marks + frame(640, 480) + scan);
  };
  for (char i = 1; i <= 8; ++i) {
    auto mark = segment(0xe1, "Exif\0\0"s + exif(i));
    BOOST_TEST(jpeg(mark).orientation == i);
    // The first one counts, and other data of the same mark does not.
    BOOST_TEST(jpeg(segment(0xe1, "http://ns.adobe.com/"s) + mark
                    + segment(0xe1, "Exif\0\0"s + exif(3)))
                 .orientation
               == i);
    BOOST_TEST(good(png_with("eXIf", exif(i))).orientation == i);
  }
  BOOST_TEST(jpeg("").orientation == 1);
  for (auto& odd : {exif(0), exif(9), exif(6, 9), exif(6).substr(0, 12), ""s}) {
    BOOST_TEST(jpeg(segment(0xe1, "Exif\0\0"s + odd)).orientation == 1);
    BOOST_TEST(good(png_with("eXIf", odd)).orientation == 1);
  }
}

BOOST_AUTO_TEST_CASE(may_be_in_excess_of_a_limit) {
  auto x = good(gif(10, 10));
  BOOST_TEST(!excess_of(x, {100, 1, 400}));
  BOOST_TEST(excess_of(x, {99, 1, 400})->message
             == "the picture has 10x10 pixels, accepted is up to 99");
  BOOST_TEST(excess_of(x, {100, 1, 399})->message
             == "the picture has 10x10 pixels of 4 bytes, accepted is up to "
                "399 bytes");
  BOOST_TEST(excess_of(good(tiff(0xffffffff, 65'535)), {}).has_value());
}

BOOST_AUTO_TEST_CASE(that_ends_early_is_refused_at_every_length) {
  for (auto& whole : {png(640, 480), bmp(6, 4) + "    ", tiff(6, 4),
                      webp("VP8X", little(0, 4) + little(9, 3) + little(9, 3))})
    for (size_t size = 0; size < whole.size() - 4; ++size)
      BOOST_TEST(!read_image_header(whole.substr(0, size)), size);
}

BOOST_AUTO_TEST_CASE(says_what_is_wrong) {
  BOOST_TEST(bad("") == "not a JPEG, PNG, WebP, GIF, BMP or TIFF picture");
  BOOST_TEST(bad("GIF89a") == "the GIF file is incomplete");
  BOOST_TEST(bad("BM") == "the BMP file is incomplete");
  BOOST_TEST(bad("II*\0"s) == "the TIFF file is incomplete");
  BOOST_TEST(bad(png(640, 480).substr(0, 40)) == "the PNG file is incomplete");
  BOOST_TEST(bad("\xff\xd8"s + frame(640, 480))
             == "the JPEG file is incomplete");
  BOOST_TEST(bad("\xff\xd8"s + scan) == "the JPEG file is incomplete");
  BOOST_TEST(bad(webp("ABCD", std::string(20, 'x')))
             == "the WebP file is incomplete");
}

BOOST_AUTO_TEST_CASE(without_pixels_is_refused) {
  BOOST_TEST(bad(png(0, 480)) == "the picture has no pixels");
  BOOST_TEST(bad(gif(0, 480)) == "the picture has no pixels");
  BOOST_TEST(bad(png(640, 0)) == "the picture has no pixels");
  BOOST_TEST(bad("\xff\xd8"s + frame(640, 0) + scan)
             == "the picture has no pixels");
}

BOOST_AUTO_TEST_SUITE_END()
