#include "app/local_cloud/talking_picture.hpp"

#include "app/local_cloud/faces.hpp"
#include "app/local_cloud/samples.hpp"
#include "app/local_cloud/stand_in.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace render::local_cloud {

namespace {

/// Root mean square, of 32768, under which there is silence.
constexpr double silence = 60;

/// From just closed to fully open.
constexpr double range_db = 24;

/// A mouth closes more slowly than it opens.
constexpr double closes_by = 0.34;

double loudness(std::span<const int16_t> x) {
  if (x.empty())
    return 0;
  auto energy = std::transform_reduce(x.begin(), x.end(), 0.0, std::plus{},
                                      [](double s) {
                                        return s * s;
                                      });
  return std::sqrt(energy / static_cast<double>(x.size()));
}

/// The level that nine of ten frames with sound stay under.
double loud_level(std::vector<double> levels) {
  std::erase_if(levels, [](double x) {
    return x < silence;
  });
  if (levels.empty())
    return silence;
  auto at = levels.begin() + static_cast<ptrdiff_t>(levels.size() * 9 / 10);
  std::nth_element(levels.begin(), at, levels.end());
  return *at;
}

/// Where lips meet: y = middle.y + slope * u + bend * u * u, u = x - middle.x.
struct mouth_shape {
  cv::Point2d middle;
  double slope = 0;
  double bend = 0;
  /// From corner to corner.
  double width = 0;
  /// Between the lips when fully open.
  double gap = 0;
  /// How far above and below the lips the skin gives way.
  double reach_up = 0;
  double reach_down = 0;

  double line(double x) const {
    auto u = x - middle.x;
    return middle.y + slope * u + bend * u * u;
  }
  /// 1 in the middle, 0 at the corners and beyond.
  double profile(double x) const {
    auto u = 2 * (x - middle.x) / width;
    return u * u < 1 ? std::pow(1 - u * u, 0.8) : 0;
  }
};

mouth_shape shape_in(const cv::Rect2d& face) {
  mouth_shape out;
  out.middle = {face.x + face.width / 2, face.y + face.height * 0.79};
  out.width = face.width * 0.32;
  out.gap = face.height * 0.105;
  out.reach_up = face.height * 0.1;
  out.reach_down = face.height * 0.21;
  return out;
}

/// The line between the lips is the darkest thing in its part of a face.
void find_line(mouth_shape& mouth, const cv::Mat& luma,
               const cv::Rect2d& face) {
  int left = cvRound(mouth.middle.x - mouth.width * 0.4);
  int right = cvRound(mouth.middle.x + mouth.width * 0.4);
  int top = cvRound(face.y + face.height * 0.7);
  int bottom = std::min(cvRound(face.y + face.height * 0.9), luma.rows);
  if (left < 0 || right > luma.cols || right - left < 8 || bottom - top < 8)
    return;
  auto darkest = [&](const cv::Mat& column, double around, double pull) {
    int best = 0;
    double least = 1e9;
    for (int y = 0; y < column.rows; ++y) {
      auto value = column.at<float>(y) + pull * std::abs(y - around);
      if (value < least) {
        least = value;
        best = y;
      }
    }
    return best;
  };
  cv::Mat soft, rows;
  cv::Mat part{luma, cv::Range{top, bottom}, cv::Range{left, right}};
  cv::GaussianBlur(part, soft, {3, 3}, 0);
  soft.convertTo(soft, CV_32F);
  cv::reduce(soft, rows, 1, cv::REDUCE_AVG);
  auto height = static_cast<double>(soft.rows);
  auto row = darkest(rows, mouth.middle.y - top, 80 / height);
  mouth.middle.y = top + row;
  // A parabola through the darkest place of each column.
  cv::Mat_<double> a(soft.cols, 3), b(soft.cols, 1);
  for (int x = 0; x < soft.cols; ++x) {
    auto u = x + left - mouth.middle.x;
    a(x, 0) = 1;
    a(x, 1) = u;
    a(x, 2) = u * u;
    b(x, 0) = darkest(soft.col(x), row, 250 / height) - row;
  }
  cv::Mat fitted;
  cv::solve(a, b, fitted, cv::DECOMP_SVD);
  auto bend = fitted.at<double>(2);
  if (std::abs(bend) * mouth.width * mouth.width / 4 > face.height * 0.06)
    return;
  mouth.middle.y += fitted.at<double>(0);
  mouth.slope = fitted.at<double>(1);
  mouth.bend = bend;
}

cv::Vec3d mixed(const cv::Vec3d& a, const cv::Vec3d& b, double share) {
  return a + (b - a) * std::clamp(share, 0.0, 1.0);
}

/// `at` is 0 at the upper lip, 1 at the lower one; `open` of `mouth_steps`.
cv::Vec3d inside(double at, double profile, double open) {
  constexpr auto dark = 26.0;
  cv::Vec3d color{dark + 10, dark - 6, dark + 26};
  auto tongue = (at - 0.62) * 3 * profile;
  color = mixed(color, {104, 86, 176}, std::min(tongue, 0.85));
  auto teeth = profile > 0.45 ? (0.3 - at) * 12 * (profile - 0.45) * 4 : 0;
  color = mixed(color, {214, 224, 228},
                std::min(teeth, 0.92) * (0.5 + open / 2));
  // The lips throw a shadow.
  return color * (0.72 + 0.28 * std::min({at * 8, (1 - at) * 8, 1.0}));
}

/// A pixel of `image` at a height between two rows.
cv::Vec3d pixel(const cv::Mat& image, int x, double y) {
  y = std::clamp(y, 0.0, image.rows - 1.0);
  auto low = static_cast<int>(y);
  auto high = std::min(low + 1, image.rows - 1);
  return mixed(image.at<cv::Vec3b>(low, x), image.at<cv::Vec3b>(high, x),
               y - low);
}

/// `box` of the face with its mouth open, 0 to 1.
cv::Mat opened(const cv::Mat& face, const mouth_shape& mouth,
               const cv::Rect& box, double open) {
  cv::Mat out = face(box).clone();
  for (int x = 0; x < box.width; ++x) {
    auto profile = mouth.profile(box.x + x);
    auto up = open * mouth.gap * 0.25 * profile;
    auto down = open * mouth.gap * 0.75 * profile;
    if (up + down <= 0)
      continue;
    auto line = mouth.line(box.x + x);
    for (int y = 0; y < box.height; ++y) {
      auto d = box.y + y - line;
      auto from = d;
      if (d < 0 && -d < mouth.reach_up)
        from = std::min(0.0, d + up) / (1 - up / mouth.reach_up);
      else if (d >= 0 && d < mouth.reach_down)
        from = std::max(0.0, d - down) / (1 - down / mouth.reach_down);
      auto skin = pixel(face, box.x + x, line + from);
      // A pixel at the edge is part lip, part mouth.
      auto covered = std::min(d + up, down - d) + 0.5;
      auto at = (d + up) / (up + down);
      out.at<cv::Vec3b>(y, x)
        = mixed(skin, inside(std::clamp(at, 0.0, 1.0), profile, open), covered);
    }
  }
  return out;
}

void draw_lips(cv::Mat& image, const mouth_shape& mouth) {
  constexpr int fine = 4;
  auto place = [&](double x, double y) {
    return cv::Point{cvRound(x * (1 << fine)), cvRound(y * (1 << fine))};
  };
  auto half = mouth.width / 2;
  cv::ellipse(image, place(mouth.middle.x, mouth.middle.y),
              place(half, mouth.gap * 0.42), 0, 0, 360, {96, 88, 196},
              cv::FILLED, cv::LINE_AA, fine);
  cv::line(image, place(mouth.middle.x - half * 0.9, mouth.middle.y),
           place(mouth.middle.x + half * 0.9, mouth.middle.y), {50, 34, 92},
           std::max(1, cvRound(mouth.gap / 14)), cv::LINE_AA, fine);
}

/// In the picture as it came: a stretched face is not found.
std::optional<cv::Rect2d> largest_face(const cv::Mat& image) {
  cv::Mat small = scaled_to(image, 512), luma;
  cv::cvtColor(small, luma, cv::COLOR_BGR2GRAY);
  auto found = find_faces(luma);
  if (!found || found->empty())
    return std::nullopt;
  auto face = *std::max_element(found->begin(), found->end(),
                                [](const cv::Rect& a, const cv::Rect& b) {
                                  return a.area() < b.area();
                                });
  // In shares of the picture.
  return cv::Rect2d{
    double{1} * face.x / small.cols, double{1} * face.y / small.rows,
    double{1} * face.width / small.cols, double{1} * face.height / small.rows};
}

mouth_shape place_mouth(cv::Mat& image, const std::optional<cv::Rect2d>& face) {
  if (face) {
    cv::Rect2d in{face->x * image.cols, face->y * image.rows,
                  face->width * image.cols, face->height * image.rows};
    auto mouth = shape_in(in);
    cv::Mat luma;
    cv::cvtColor(image, luma, cv::COLOR_BGR2GRAY);
    find_line(mouth, luma, in);
    return mouth;
  }
  auto side = 0.55 * std::min(image.cols, image.rows);
  auto mouth = shape_in(
    {image.cols / 2.0 - side / 2, image.rows * 0.64 - side * 0.79, side, side});
  draw_lips(image, mouth);
  return mouth;
}

cv::Rect box_of(const mouth_shape& mouth, const cv::Mat& image) {
  auto left = mouth.middle.x - mouth.width / 2 - 2;
  auto bent = std::abs(mouth.slope) * mouth.width / 2
              + std::abs(mouth.bend) * mouth.width * mouth.width / 4;
  auto top = mouth.middle.y - mouth.reach_up - bent;
  cv::Rect box{cvFloor(left), cvFloor(top), cvCeil(mouth.width + 4),
               cvCeil(mouth.reach_up + mouth.reach_down + 2 * bent)};
  return box & cv::Rect{0, 0, image.cols, image.rows};
}

/// White words on a dark bar that lets the picture through.
cv::Mat caption_of(int video_width) {
  // Drawn large and made small: the strokes of the font have no other way to
  // be smooth.
  constexpr int fine = 4;
  constexpr auto font = cv::FONT_HERSHEY_DUPLEX;
  auto width = std::min<double>(std::clamp(video_width * 0.42, 250.0, 480.0),
                                video_width * 0.94);
  int base = 0;
  auto unit = cv::getTextSize(stand_in_words, font, 1, 1, &base);
  auto scale = width * fine / (unit.width + 1.6 * unit.height);
  auto thick = std::max(1, cvRound(scale * 1.4));
  auto size = cv::getTextSize(stand_in_words, font, scale, thick, &base);
  auto pad = size.height * 7 / 10;
  cv::Mat words = cv::Mat::zeros(size.height + base + pad, size.width + 2 * pad,
                                 CV_8UC1);
  cv::putText(words, stand_in_words, {pad, size.height + pad / 2}, font, scale,
              {255}, thick, cv::LINE_AA);
  cv::Mat small;
  cv::resize(words, small, {}, 1.0 / fine, 1.0 / fine, cv::INTER_AREA);
  cv::Mat out{small.size(), CV_8UC4};
  for (int y = 0; y < out.rows; ++y)
    for (int x = 0; x < out.cols; ++x) {
      auto word = small.at<uint8_t>(y, x);
      out.at<cv::Vec4b>(y, x) = cv::Vec4b(
        word, word, word, static_cast<uint8_t>(120 + word * 135 / 255));
    }
  return out;
}

} // namespace

std::vector<int> mouth_openings(std::span<const int16_t> samples, double fps,
                                size_t frames) {
  auto sample_at = [&](size_t frame) {
    auto at
      = static_cast<size_t>(static_cast<double>(frame) * sample_rate / fps);
    return std::min(at, samples.size());
  };
  std::vector<double> levels(frames);
  for (size_t i = 0; i < frames; ++i)
    levels[i] = loudness(
      samples.subspan(sample_at(i), sample_at(i + 1) - sample_at(i)));
  auto loud = loud_level(levels);
  std::vector<int> out(frames);
  double open = 0;
  for (size_t i = 0; i < frames; ++i) {
    auto wanted = levels[i] < silence
                    ? 0.0
                    : 1 + 20 * std::log10(levels[i] / loud) / range_db;
    open = std::clamp(wanted, std::max(0.0, open - closes_by), 1.0);
    out[i] = static_cast<int>(std::lround(open * (mouth_steps - 1)));
  }
  return out;
}

std::string mouth_commands(const std::vector<int>& openings, double fps,
                           int height, const std::string& target) {
  // ffmpeg refuses an empty list.
  auto out = fmt::format("0 {} y 0;\n", target);
  int shown = 0;
  for (size_t i = 0; i < openings.size(); ++i)
    if (openings[i] != shown) {
      shown = openings[i];
      // Between two frames: no rounding moves a command to another one.
      out += fmt::format("{:.4f} {} y {};\n",
                         std::max(0.0, static_cast<double>(i) - 0.5) / fps,
                         target, shown * height);
    }
  return out;
}

result<talking_picture>
draw_talking_picture(const std::filesystem::path& picture, int width,
                     int height, int margin,
                     const std::filesystem::path& folder) {
  try {
    auto image = cv::imread(picture.string(), cv::IMREAD_COLOR);
    if (image.empty())
      return fail(failure_kind::rejected, "the image cannot be read");
    width = width > 0 ? width : image.cols;
    height = height > 0 ? height : image.rows;
    auto found = largest_face(image);
    cv::Mat face;
    cv::resize(image, face, {width + margin, height + margin});
    auto mouth = place_mouth(face, found);
    auto box = box_of(mouth, face);
    cv::Mat mouths;
    for (int step = 0; step < mouth_steps; ++step)
      mouths.push_back(
        opened(face, mouth, box, double{1} * step / (mouth_steps - 1)));
    auto caption = caption_of(width);
    talking_picture out{folder / "face.bmp",
                        folder / "mouths.bmp",
                        folder / "caption.png",
                        {},
                        {}};
    out.mouth = {box.x, box.y, box.width, box.height};
    out.caption_box = {(width - caption.cols) / 2,
                       height - caption.rows * 7 / 4, caption.cols,
                       caption.rows};
    if (!cv::imwrite(out.face.string(), face)
        || !cv::imwrite(out.mouths.string(), mouths)
        || !cv::imwrite(out.caption.string(), caption))
      return fail(failure_kind::internal, "the picture cannot be written");
    return out;
  } catch (const cv::Exception& error) {
    return fail(failure_kind::rejected, error.what());
  }
}

} // namespace render::local_cloud
