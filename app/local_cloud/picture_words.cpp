#include "app/local_cloud/picture_words.hpp"

#include "app/local_cloud/faces.hpp"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace render::local_cloud {

namespace {

constexpr double share_min = 0.05;
constexpr size_t colors_max = 4;

enum color_name : size_t {
  black,
  white,
  gray,
  red,
  orange,
  yellow,
  green,
  cyan,
  blue,
  purple,
  pink,
  brown,
  color_count
};

constexpr std::array<const char*, color_count> color_names{
  "black", "white", "gray", "red",    "orange", "yellow",
  "green", "cyan",  "blue", "purple", "pink",   "brown"};

/// OpenCV's HSV: hue 0 to 179, saturation and value 0 to 255.
color_name name_of(const cv::Vec3b& hsv) {
  auto [hue, saturation, value] = std::tuple{hsv[0], hsv[1], hsv[2]};
  if (value < 45)
    return black;
  if (saturation < 40)
    return value > 205 ? white : gray;
  if (hue < 8 || hue >= 174)
    return saturation < 120 && value > 170 ? pink : red;
  if (hue < 20)
    return value < 150 ? brown : orange;
  if (hue < 34)
    return value < 110 ? brown : yellow;
  if (hue < 80)
    return green;
  if (hue < 98)
    return cyan;
  if (hue < 130)
    return blue;
  return hue < 155 ? purple : pink;
}

std::vector<color_share> colors_of(const cv::Mat& image) {
  cv::Mat small, hsv;
  cv::resize(image, small, {128, 128}, 0, 0, cv::INTER_AREA);
  cv::cvtColor(small, hsv, cv::COLOR_BGR2HSV);
  std::array<int, color_count> counts{};
  for (auto& pixel : cv::Mat_<cv::Vec3b>(hsv))
    ++counts[name_of(pixel)];
  std::vector<color_share> out;
  for (size_t i = 0; i < color_count; ++i)
    if (auto share = counts[i] / (128.0 * 128.0); share >= share_min)
      out.push_back({color_names[i], share});
  std::stable_sort(out.begin(), out.end(),
                   [](const color_share& a, const color_share& b) {
                     return a.share > b.share;
                   });
  out.resize(std::min(out.size(), colors_max));
  return out;
}

std::string shape_words(const picture_facts& x) {
  if (x.width == x.height)
    return "square";
  return x.width > x.height ? "landscape" : "portrait";
}

std::string color_words(const picture_facts& x) {
  if (x.colors.empty())
    return "It has no dominant color.";
  std::string out;
  for (size_t i = 0; i < x.colors.size(); ++i) {
    auto separator = i == 0 ? "" : i + 1 == x.colors.size() ? " and " : ", ";
    out += fmt::format("{}{} ({:.0f} %)", separator, x.colors[i].name,
                       x.colors[i].share * 100);
  }
  return fmt::format("Its main color{} {}.",
                     x.colors.size() == 1 ? " is" : "s are", out);
}

std::string face_words(int faces) {
  if (faces < 0)
    return "Faces were not looked for.";
  if (faces == 0)
    return "No face looks at the viewer.";
  if (faces == 1)
    return "One face looks at the viewer.";
  return fmt::format("{} faces look at the viewer.", faces);
}

} // namespace

result<picture_facts> measure_picture(std::string_view bytes) {
  auto bad = [] {
    return fail(failure_kind::invalid_input, "image: unknown format");
  };
  if (bytes.empty())
    return bad();
  try {
    cv::Mat raw{1, static_cast<int>(bytes.size()), CV_8UC1,
                const_cast<char*>(bytes.data())};
    auto image = cv::imdecode(raw, cv::IMREAD_COLOR);
    if (image.empty())
      return bad();
    picture_facts out;
    out.width = image.cols;
    out.height = image.rows;
    out.colors = colors_of(image);
    cv::Mat luma, edges;
    cv::cvtColor(scaled_to(image, 512), luma, cv::COLOR_BGR2GRAY);
    cv::Scalar mean, deviation, edge_mean, edge_deviation;
    cv::meanStdDev(luma, mean, deviation);
    cv::Laplacian(luma, edges, CV_64F);
    cv::meanStdDev(edges, edge_mean, edge_deviation);
    out.brightness = mean[0];
    out.contrast = deviation[0];
    out.sharpness = edge_deviation[0] * edge_deviation[0];
    auto faces = find_faces(luma);
    out.faces = faces ? static_cast<int>(faces->size()) : -1;
    return out;
  } catch (const cv::Exception&) {
    return bad();
  }
}

std::string describe(const picture_facts& x) {
  auto light = x.brightness < 70    ? "dark"
               : x.brightness > 185 ? "bright"
                                    : "evenly lit";
  auto range = x.contrast < 25 ? "low" : x.contrast > 70 ? "strong" : "medium";
  auto focus = x.sharpness < 50 ? "soft" : "sharp";
  return fmt::format("The picture is {} by {} pixels, in {} format. {} It is "
                     "{}, with {} contrast and {} detail. {}",
                     x.width, x.height, shape_words(x), color_words(x), light,
                     range, focus, face_words(x.faces));
}

} // namespace render::local_cloud
