#include "actors/io/media/image.hpp"

#include "actors/io/media/codecs.hpp"
#include "actors/io/media/identify.hpp"
#include "messages/text/base64.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace render::media {

namespace {

constexpr int png_effort = 3;
constexpr int jpeg_quality = 92;

tl::unexpected<failure> bad(std::string why) {
  return fail(failure_kind::invalid_input, std::move(why));
}

result<std::string> read_file(const std::string& path, uint64_t bytes_max) {
  std::error_code err;
  auto size = std::filesystem::file_size(path, err);
  if (err)
    return fail(kind_of_errno(err.value()), path + " cannot be read");
  if (size == 0)
    return bad("the file is empty (0 bytes)");
  if (size > bytes_max)
    return bad("the file is larger than " + std::to_string(bytes_max)
               + " bytes");
  std::ifstream in{path, std::ios::binary};
  std::string out(size, '\0');
  if (!in.read(out.data(), static_cast<std::streamsize>(size)))
    return fail(failure_kind::internal, path + " cannot be read");
  return out;
}

/// In place: a second matrix would take as much memory again.
void compose_over_white(cv::Mat& bgra) {
  for (int row = 0; row < bgra.rows; ++row) {
    auto* pixels = bgra.ptr<cv::Vec4b>(row);
    for (int column = 0; column < bgra.cols; ++column) {
      auto& x = pixels[column];
      for (int i = 0; i < 3; ++i)
        x[i]
          = static_cast<uchar>((x[i] * x[3] + 255 * (255 - x[3]) + 127) / 255);
      x[3] = 255;
    }
  }
}

result<cv::Mat> decode(const std::string& bytes, const image_header& header) {
  switch (header.format) {
  case image_format::jpeg:
    return decode_jpeg(bytes);
  case image_format::png:
    return decode_png(bytes);
  case image_format::webp:
    return decode_webp(bytes);
  case image_format::tiff:
    return decode_tiff(bytes, header);
  case image_format::bmp:
  case image_format::gif:
    break;
  }
  return bad("the picture must be made a PNG first");
}

/// By its EXIF orientation; at most one copy is made.
cv::Mat upright(cv::Mat x, int orientation) {
  constexpr int both = -1;
  constexpr int left_right = 1;
  constexpr int top_bottom = 0;
  auto turned = orientation >= 5;
  if (turned)
    cv::transpose(x, x);
  switch (orientation) {
  case 2:
  case 6:
    cv::flip(x, x, left_right);
    break;
  case 3:
  case 7:
    cv::flip(x, x, both);
    break;
  case 4:
  case 8:
    cv::flip(x, x, top_bottom);
    break;
  default:
    break;
  }
  return x;
}

cv::Mat shrink(const cv::Mat& x, uint32_t side_max) {
  auto longest = static_cast<uint32_t>(std::max(x.cols, x.rows));
  if (longest <= side_max)
    return x;
  auto scale = static_cast<double>(side_max) / longest;
  auto scaled = [&](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  cv::Mat out;
  cv::resize(x, out, {scaled(x.cols), scaled(x.rows)}, 0, 0, cv::INTER_AREA);
  return out;
}

result<void> write_picture(const std::string& path, const cv::Mat& picture) {
  auto bytes = path.ends_with(".png") ? encode_png(picture, png_effort)
                                      : encode_jpeg(picture, jpeg_quality);
  if (bytes.empty())
    return fail(failure_kind::internal, path + " cannot be encoded");
  errno = 0;
  std::ofstream out{path, std::ios::binary};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out)
    return fail(kind_of_errno(errno),
                path + " cannot be written: " + std::strerror(errno));
  return {};
}

result<msg::prepared_image> prepare_checked(const msg::prepare_image& x,
                                            const std::string& bytes,
                                            const image_header& header) {
  auto decoded = decode(bytes, header);
  if (!decoded)
    return fail(decoded.error());
  auto picture = upright(std::move(*decoded), header.orientation);
  auto flatten = x.flatten_alpha && picture.channels() == 4;
  if (flatten)
    compose_over_white(picture);
  msg::prepared_image out;
  out.path = x.output;
  out.source_width = static_cast<uint32_t>(picture.cols);
  out.source_height = static_cast<uint32_t>(picture.rows);
  picture = shrink(picture, x.max_side);
  if (flatten)
    cv::cvtColor(picture, picture, cv::COLOR_BGRA2BGR);
  out.width = static_cast<uint32_t>(picture.cols);
  out.height = static_cast<uint32_t>(picture.rows);
  if (auto ok = write_picture(x.output, picture); !ok)
    return fail(ok.error());
  if (x.embed_base64) {
    auto written = read_file(x.output, UINT64_MAX);
    if (!written)
      return fail(written.error());
    out.base64 = to_base64(*written);
  }
  return out;
}

} // namespace

result<msg::prepared_image> prepare(const msg::prepare_image& x,
                                    const image_limits& limits) {
  auto bytes = read_file(x.input, limits.bytes_max);
  if (!bytes)
    return fail(bytes.error());
  auto header = read_image_header(*bytes);
  if (!header) {
    auto what = identify(x.input);
    return bad(header.error().message
               + (what ? " but " + what->content_type : ""));
  }
  if (auto excess = excess_of(*header, limits))
    return fail(*excess);
  try {
    return prepare_checked(x, *bytes, *header);
  } catch (const cv::Exception& err) {
    return bad("the picture cannot be decoded: " + err.err);
  }
}

} // namespace render::media
