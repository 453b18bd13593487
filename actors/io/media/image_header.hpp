#pragma once
// Reads the header of an image file before anything is decoded, to refuse a
// file that would cost gigabytes or that ends too early. Pure.
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
  /// How it is to be turned, as EXIF counts: 1, as it is stored, to 8.
  int orientation = 1;
};

struct image_limits {
  /// Pixels of the input.
  uint64_t pixels_max = 100'000'000;
  /// Bytes of the input file.
  uint64_t bytes_max = 128ull << 20;
  /// Bytes of the decoded pixels: their number times their depth.
  uint64_t decoded_bytes_max = 256ull << 20;
};

/// `bytes`: the whole file; the first 13 bytes of a GIF, or 54 of a BMP, are
/// enough beside `file_bytes`, how many it has in all. The first
/// of several pictures in a file counts. Fails as `invalid_input` for another
/// format, an incomplete file (a JPEG may end anywhere after its first scan has
/// begun), or a decompression bomb: a PNG with more than 32 packed texts and
/// profiles or one above 1 MB, a JPEG of more than 100 scans.
result<image_header> read_image_header(std::string_view bytes,
                                       uint64_t file_bytes);

inline result<image_header> read_image_header(std::string_view bytes) {
  return read_image_header(bytes, bytes.size());
}

/// Which limit such a picture exceeds; nothing when none.
std::optional<failure> excess_of(const image_header& x,
                                 const image_limits& limits);

} // namespace render::media
