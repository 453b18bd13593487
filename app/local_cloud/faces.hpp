#pragma once
// Finds faces that look at the viewer.
#include <opencv2/core.hpp>

#include <optional>
#include <vector>

namespace render::local_cloud {

/// Faces in a picture of one 8-bit channel, of 32 pixels and more. Nothing:
/// the cascade of the Debian package opencv-data is not installed.
std::optional<std::vector<cv::Rect>> find_faces(const cv::Mat& luma);

/// Makes the longer side at most `side` pixels.
cv::Mat scaled_to(const cv::Mat& image, double side);

} // namespace render::local_cloud
