#pragma once
// Pictures, with OpenCV. Blocks the calling thread.
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <cstdint>

namespace render::media {

struct image_limits {
  /// Of the input, decoded.
  uint64_t pixels_max = 100'000'000;
  /// Of the input file.
  uint64_t bytes_max = 128ull << 20;
  /// Of the pixels as they are decoded: their number times their depth.
  uint64_t decoded_bytes_max = 256ull << 20;
};

result<msg::prepared_image> prepare(const msg::prepare_image& x,
                                    const image_limits& limits);

} // namespace render::media
