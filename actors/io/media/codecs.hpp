#pragma once
// Pictures from and to bytes, by the libraries of each format. OpenCV's own
// imgcodecs links a hundred libraries more, for maps and X-rays. For
// `media::prepare` alone, which checks the header first; not to be called with
// bytes that it has not let through.
#include "actors/io/media/image_header.hpp"
#include "messages/failure.hpp"

#include <opencv2/core/mat.hpp>

#include <string>
#include <string_view>

namespace render::media {

/// All return BGR, or BGRA where the picture has alpha (not multiplied in),
/// with 8 bits for each, in the order in which it is stored: not turned by its
/// orientation. Fail as `invalid_input`; throw cv::Exception when memory is
/// short.
result<cv::Mat> decode_jpeg(std::string_view bytes);
result<cv::Mat> decode_png(std::string_view bytes);
result<cv::Mat> decode_webp(std::string_view bytes);
/// `header`: what `read_image_header` says of the same bytes, within the
/// limits.
result<cv::Mat> decode_tiff(std::string_view bytes, const image_header& header);

/// The file of a BGR or BGRA picture; empty when the library fails. A JPEG
/// drops alpha.
std::string encode_jpeg(const cv::Mat& picture, int quality);
/// `effort`: 0 to 9.
std::string encode_png(const cv::Mat& picture, int effort);

} // namespace render::media
