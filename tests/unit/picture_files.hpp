#pragma once
// Pictures that are made while testing.
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include <fstream>
#include <sstream>
#include <string>

namespace render {

/// A folder with files, removed in the end.
struct picture_files {
  std::string path(const std::string& name) const {
    return folder.path(name);
  }

  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream{path(name), std::ios::binary} << bytes;
    return path(name);
  }

  static std::string read(const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return std::move(out).str();
  }

  std::string picture(const std::string& name, const cv::Mat& x) const {
    BOOST_REQUIRE(cv::imwrite(path(name), x));
    return path(name);
  }

  harness::temp_folder folder;
};

/// The picture with this EXIF orientation.
inline std::string with_orientation(const std::string& jpeg, char orientation) {
  using namespace std::string_literals;
  auto tiff = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + orientation
              + "\0\0\0\0\0\0\0"s;
  auto payload = "Exif\0\0"s + tiff;
  auto size = payload.size() + 2;
  auto app1 = "\xff\xe1"s + static_cast<char>(size >> 8)
              + static_cast<char>(size & 0xff) + payload;
  return jpeg.substr(0, 2) + app1 + jpeg.substr(2);
}

/// Blue on the left, red on the right.
inline cv::Mat two_colours(int width, int height) {
  cv::Mat out{height, width, CV_8UC3, cv::Scalar{255, 0, 0}};
  out.colRange(width / 2, width) = cv::Scalar{0, 0, 255};
  return out;
}

} // namespace render
