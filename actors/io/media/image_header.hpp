#pragma once
// What an image file says of itself before anything is decoded: a file that
// would cost gigabytes, or that ends too early, is refused by this. Pure.
#include "messages/failure.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace render::media {

enum class image_format : uint8_t { jpeg, png, webp, gif, bmp, tiff };

struct image_header {
  image_format format = image_format::jpeg;
  /// As stored; EXIF orientation not applied.
  uint32_t width = 0;
  uint32_t height = 0;
  /// Memory for one pixel while the picture is decoded.
  uint32_t pixel_bytes = 4;
  /// False: what looks like a fourth channel is none.
  bool may_have_alpha = true;
};

struct image_limits {
  /// Of the input, decoded.
  uint64_t pixels_max = 100'000'000;
  /// Of the input file.
  uint64_t bytes_max = 128ull << 20;
  /// Of the pixels as they are decoded: their number times their depth.
  uint64_t decoded_bytes_max = 256ull << 20;
};

/// `bytes`: the whole file; of a GIF its first 13 bytes are enough. Of several
/// pictures in one file the first counts. Fails as `invalid_input` when it is
/// none of the formats, incomplete, or made to be unpacked without end: PNG
/// with more than 32 packed texts and profiles or one above 1 MB, JPEG of more
/// than 100 scans.
result<image_header> read_image_header(std::string_view bytes);

/// What is too large in such a picture.
std::optional<failure> excess_of(const image_header& x,
                                 const image_limits& limits);

} // namespace render::media
