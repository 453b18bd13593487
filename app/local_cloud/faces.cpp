#include "app/local_cloud/faces.hpp"

#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <algorithm>
#include <filesystem>

namespace render::local_cloud {

namespace {

// From the Debian package opencv-data.
constexpr auto face_cascade = "/usr/share/opencv4/haarcascades/"
                              "haarcascade_frontalface_default.xml";

} // namespace

std::optional<std::vector<cv::Rect>> find_faces(const cv::Mat& luma) {
  cv::CascadeClassifier cascade;
  if (!std::filesystem::exists(face_cascade) || !cascade.load(face_cascade))
    return std::nullopt;
  cv::Mat even;
  cv::equalizeHist(luma, even);
  std::vector<cv::Rect> found;
  cascade.detectMultiScale(even, found, 1.1, 5, 0, {32, 32});
  return found;
}

cv::Mat scaled_to(const cv::Mat& image, double side) {
  auto factor = side / std::max(image.cols, image.rows);
  if (factor >= 1)
    return image;
  cv::Mat out;
  cv::resize(image, out, {}, factor, factor, cv::INTER_AREA);
  return out;
}

} // namespace render::local_cloud
