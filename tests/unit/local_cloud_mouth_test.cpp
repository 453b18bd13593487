// The local cloud's talking picture: when the mouth is open, and what is drawn.
#include "app/local_cloud/samples.hpp"
#include "app/local_cloud/talking_picture.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

using namespace render;
using namespace render::local_cloud;

namespace {

using samples = std::vector<int16_t>;

samples tone(double seconds, double strength) {
  samples out(static_cast<size_t>(seconds * sample_rate));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<int16_t>(
      strength
      * std::sin(2 * std::numbers::pi * 200 * static_cast<double>(i)
                 / sample_rate));
  return out;
}

samples joined(std::initializer_list<samples> parts) {
  samples out;
  for (auto& x : parts)
    out.insert(out.end(), x.begin(), x.end());
  return out;
}

struct drawn_picture {
  drawn_picture(const cv::Mat& image, int width, int height, int margin) {
    cv::imwrite(folder.path("in.png"), image);
    auto got = draw_talking_picture(folder.path("in.png"), width, height,
                                    margin, folder.path(""));
    BOOST_REQUIRE(got.has_value());
    files = *got;
    face = cv::imread(files.face);
    mouths = cv::imread(files.mouths);
    caption = cv::imread(files.caption, cv::IMREAD_UNCHANGED);
  }

  cv::Mat part(int step) const {
    return mouths.rowRange(step * files.mouth.height,
                           (step + 1) * files.mouth.height);
  }
  /// Mean difference of the open mouth to the closed one, 0 to 255.
  double moved(int step) const {
    return cv::norm(part(step), part(0), cv::NORM_L1)
           / static_cast<double>(part(0).total() * 3);
  }

  harness::temp_folder folder;
  talking_picture files;
  cv::Mat face, mouths, caption;
};

} // namespace

BOOST_AUTO_TEST_SUITE(local_cloud_mouth)

BOOST_AUTO_TEST_CASE(silence_keeps_the_mouth_shut) {
  std::vector<int> shut(50, 0);
  BOOST_TEST(mouth_openings({}, 25, 50) == shut);
  BOOST_TEST(mouth_openings(samples(2 * sample_rate), 25, 50) == shut);
  BOOST_TEST(mouth_openings(tone(2, 40), 25, 50) == shut);
}

BOOST_AUTO_TEST_CASE(a_louder_sound_opens_it_more) {
  auto got = mouth_openings(
    joined({tone(1, 0), tone(1, 600), tone(1, 2000), tone(1, 8000)}), 25, 100);
  BOOST_REQUIRE_EQUAL(got.size(), 100u);
  BOOST_TEST(got[12] == 0);
  BOOST_TEST(got[12] < got[37]);
  BOOST_TEST(got[37] < got[62]);
  BOOST_TEST(got[62] < got[87]);
  BOOST_TEST(got[87] == mouth_steps - 1);
}

BOOST_AUTO_TEST_CASE(the_loudest_part_opens_it_fully_at_any_level) {
  for (double strength : {200.0, 1000.0, 32000.0}) {
    auto got = mouth_openings(tone(1, strength), 24, 24);
    BOOST_TEST(got[12] == mouth_steps - 1, strength);
  }
}

BOOST_AUTO_TEST_CASE(it_closes_within_three_frames_after_the_sound) {
  for (auto& sound : {tone(1, 8000), joined({tone(1, 8000), tone(1, 0)})}) {
    auto got = mouth_openings(sound, 25, 50);
    BOOST_TEST(got[24] == mouth_steps - 1);
    BOOST_TEST(got[25] > 0);
    BOOST_TEST(got[26] < got[25]);
    BOOST_TEST(std::all_of(got.begin() + 27, got.end(), [](int x) {
      return x == 0;
    }));
  }
}

BOOST_AUTO_TEST_CASE(odd_frame_rates_have_a_frame_each) {
  BOOST_TEST(mouth_openings(tone(1, 8000), 29.97, 30).size() == 30u);
  BOOST_TEST(mouth_openings(tone(1, 8000), 9000, 9000).size() == 9000u);
}

BOOST_AUTO_TEST_CASE(a_command_is_written_for_each_change) {
  BOOST_TEST(mouth_commands({0, 0, 3, 3, 0}, 10, 40, "crop@mouth")
             == "0 crop@mouth y 0;\n0.1500 crop@mouth y 120;\n"
                "0.3500 crop@mouth y 0;\n");
  BOOST_TEST(mouth_commands({2}, 10, 40, "m") == "0 m y 0;\n0.0000 m y 80;\n");
  BOOST_TEST(mouth_commands({0, 0}, 10, 40, "m") == "0 m y 0;\n");
  BOOST_TEST(mouth_commands({}, 10, 40, "m") == "0 m y 0;\n");
}

BOOST_AUTO_TEST_CASE(an_open_mouth_differs_the_more_the_wider_it_is) {
  drawn_picture x{cv::Mat(300, 240, CV_8UC3, cv::Scalar(120, 160, 200)), 0, 0,
                  16};
  BOOST_TEST(x.face.cols == 256);
  BOOST_TEST(x.face.rows == 316);
  BOOST_TEST(x.mouths.rows == mouth_steps * x.files.mouth.height);
  auto& box = x.files.mouth;
  auto under = x.face(cv::Rect{box.x, box.y, box.width, box.height});
  BOOST_TEST(cv::norm(x.part(0), under, cv::NORM_INF) == 0);
  for (int step = 1; step < mouth_steps; ++step)
    BOOST_TEST(x.moved(step) > x.moved(step - 1), step);
  BOOST_TEST(x.moved(mouth_steps - 1) > 10);
}

BOOST_AUTO_TEST_CASE(the_lips_of_a_face_are_found) {
  auto image = cv::imread(FACE_FILE);
  BOOST_REQUIRE(!image.empty());
  drawn_picture x{image, 576, 720, 0};
  // Of the original's 768 by 960 pixels the lips meet at 384, 610.
  auto& box = x.files.mouth;
  BOOST_TEST(std::abs(box.x + box.width / 2 - 384 * 576 / 768) < 12);
  auto wide = x.part(mouth_steps - 1);
  auto line = 610 * 720 / 960 - box.y;
  BOOST_TEST(line > 0);
  BOOST_TEST(line < wide.rows);
  auto inside = wide.at<cv::Vec3b>(line + 6, box.width / 2);
  auto skin = x.part(0).at<cv::Vec3b>(2, box.width / 2);
  BOOST_TEST(inside[2] + 60 < skin[2]);
}

BOOST_AUTO_TEST_CASE(the_caption_is_within_pictures_of_all_sizes) {
  for (auto [width, height] :
       {std::pair{16, 16}, {64, 400}, {320, 240}, {1280, 720}, {500, 20}}) {
    drawn_picture x{cv::Mat(50, 40, CV_8UC3, cv::Scalar(9, 90, 200)), width,
                    height, 16};
    auto& box = x.files.caption_box;
    BOOST_TEST(x.caption.channels() == 4);
    BOOST_TEST(box.x >= 0);
    BOOST_TEST(box.width <= width);
    BOOST_TEST(x.files.mouth.width > 0);
    BOOST_TEST(x.files.mouth.height > 0);
    BOOST_TEST(x.files.mouth.x + x.files.mouth.width <= x.face.cols);
    BOOST_TEST(x.files.mouth.y + x.files.mouth.height <= x.face.rows);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_picture_is_not_drawn) {
  harness::temp_folder folder;
  auto got = draw_talking_picture(folder.path("none.png"), 0, 0, 16,
                                  folder.path(""));
  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().kind == failure_kind::rejected));
}

BOOST_AUTO_TEST_SUITE_END()
