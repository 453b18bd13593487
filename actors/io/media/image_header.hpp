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
};

/// `bytes`: the whole file. Fails as `invalid_input` when it is none of the
/// three formats, or incomplete.
result<image_header> read_image_header(std::string_view bytes);

} // namespace render::media
