#pragma once
// What an image file says of itself before anything is decoded: a file that
// would cost gigabytes, or that ends too early, is refused by this. Pure.
#include "messages/failure.hpp"

#include <cstdint>
#include <string_view>

namespace render::media {

enum class image_format : uint8_t { jpeg, png, webp };

struct image_header {
  image_format format = image_format::jpeg;
  /// As stored; EXIF orientation not applied.
  uint32_t width = 0;
  uint32_t height = 0;
  /// Of one decoded pixel.
  uint32_t pixel_bytes = 4;
};

/// `bytes`: the whole file. Fails as `invalid_input` when it is none of the
/// three formats, incomplete, or made to be unpacked without end: PNG with more
/// than 32 packed texts and profiles or one above 1 MB, JPEG of more than 100
/// scans.
result<image_header> read_image_header(std::string_view bytes);

} // namespace render::media
