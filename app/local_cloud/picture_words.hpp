#pragma once
// Describes a picture without a model: measured by OpenCV, told in sentences.
#include "messages/failure.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace render::local_cloud {

struct color_share {
  std::string name;
  /// 0 to 1 of the picture's area.
  double share = 0;
};

struct picture_facts {
  /// Pixels, after the EXIF orientation.
  int width = 0;
  int height = 0;
  /// Largest first; colours under 5 % are left out.
  std::vector<color_share> colors;
  /// Mean and standard deviation of the luma, 0 to 255.
  double brightness = 0;
  double contrast = 0;
  /// Variance of the Laplacian at a width of 512: under 50 is soft.
  double sharpness = 0;
  /// Found by the frontal-face cascade; -1: it is not installed.
  int faces = -1;
};

/// Fails as `invalid_input` when the bytes are no picture.
result<picture_facts> measure_picture(std::string_view bytes);

std::string describe(const picture_facts& x);

} // namespace render::local_cloud
