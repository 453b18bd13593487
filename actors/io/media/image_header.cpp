#include "actors/io/media/image_header.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace render::media {

namespace {

using namespace std::string_view_literals;

uint32_t byte_at(std::string_view x, size_t at) {
  return static_cast<unsigned char>(x[at]);
}

uint32_t big_endian(std::string_view x, size_t at, size_t count) {
  uint32_t out = 0;
  for (size_t i = 0; i < count; ++i)
    out = (out << 8) | byte_at(x, at + i);
  return out;
}

uint32_t little_endian(std::string_view x, size_t at, size_t count) {
  uint32_t out = 0;
  for (size_t i = count; i > 0; --i)
    out = (out << 8) | byte_at(x, at + i - 1);
  return out;
}

tl::unexpected<failure> truncated(std::string_view format) {
  return fail(failure_kind::invalid_input,
              "the " + std::string{format} + " file is incomplete");
}

/// libpng unpacks all texts and profiles, whether they are used or not.
bool unpacks_too_much(std::string_view png) {
  constexpr uint32_t count_max = 32;
  constexpr uint32_t bytes_max = 1u << 20;
  uint32_t count = 0;
  uint64_t at = 8;
  while (at + 8 <= png.size()) {
    auto length = big_endian(png, at, 4);
    auto type = png.substr(at + 4, 4);
    if (type == "zTXt" || type == "iTXt" || type == "iCCP")
      if (++count > count_max || length > bytes_max)
        return true;
    at += uint64_t{length} + 12;
  }
  return false;
}

/// The first directory of a TIFF.
class tiff_directory {
public:
  explicit tiff_directory(std::string_view x)
    : x_(x), little_(x.starts_with("II")) {
    // nop
  }

  bool complete() const {
    return x_.size() >= 8 && at() + 2 <= x_.size()
           && at() + 2 + 12 * uint64_t{number(at(), 2)} <= x_.size();
  }

  /// The first value of the field with this tag; `otherwise` when there is
  /// none, or when it is no whole number. The directory must be complete.
  uint32_t value(uint32_t tag, uint32_t otherwise) const {
    auto count = number(at(), 2);
    for (uint64_t i = 0; i < count; ++i) {
      auto entry = at() + 2 + 12 * i;
      if (number(entry, 2) != tag)
        continue;
      auto type = number(entry + 2, 2);
      uint64_t size = type == 3 ? 2 : type == 4 ? 4 : 0;
      if (size == 0)
        return otherwise;
      uint64_t from = entry + 8;
      if (size * number(entry + 4, 4) > 4)
        from = number(from, 4);
      return from + size <= x_.size() ? number(from, size) : otherwise;
    }
    return otherwise;
  }

private:
  uint64_t at() const {
    return number(4, 4);
  }

  uint32_t number(uint64_t at, uint64_t size) const {
    return little_ ? little_endian(x_, at, size) : big_endian(x_, at, size);
  }

  std::string_view x_;
  bool little_;
};

/// Of an EXIF block, which is a TIFF without a picture.
int orientation_of(std::string_view exif) {
  constexpr uint32_t orientation = 274;
  tiff_directory fields{exif};
  auto out = fields.complete() ? fields.value(orientation, 1) : 1;
  return out >= 1 && out <= 8 ? static_cast<int>(out) : 1;
}

/// The decoder takes as much memory as a chunk says that it is long.
bool has_all_chunks(std::string_view png) {
  uint64_t at = 8;
  while (at + 12 <= png.size()) {
    if (png.substr(at + 4, 4) == "IEND")
      return true;
    at += uint64_t{big_endian(png, at, 4)} + 12;
  }
  return false;
}

/// The first EXIF block before the pixels counts.
int png_orientation(std::string_view png) {
  uint64_t at = 8;
  while (at + 8 <= png.size()) {
    auto length = big_endian(png, at, 4);
    auto type = png.substr(at + 4, 4);
    if (type == "eXIf")
      return orientation_of(png.substr(at + 8, length));
    if (type == "IDAT")
      return 1;
    at += uint64_t{length} + 12;
  }
  return 1;
}

/// A palette counts as four channels, since it may hold alpha.
uint32_t png_channels(uint32_t colour_type) {
  return colour_type == 0 ? 1 : colour_type == 2 ? 3 : 4;
}

/// Each scan decodes the whole picture again.
bool has_too_many_scans(std::string_view jpeg) {
  constexpr size_t scans_max = 100;
  size_t count = 0;
  for (auto at = jpeg.find("\xff\xda"sv); at != std::string_view::npos;
       at = jpeg.find("\xff\xda"sv, at + 2))
    if (++count > scans_max)
      return true;
  return false;
}

result<image_header> read_png(std::string_view x) {
  // Signature, length, IHDR, width, height …
  if (x.size() < 33 || x.substr(12, 4) != "IHDR" || !has_all_chunks(x))
    return truncated("PNG");
  if (unpacks_too_much(x))
    return fail(failure_kind::invalid_input,
                "the PNG file has too many packed texts or profiles");
  return image_header{
    image_format::png, big_endian(x, 16, 4), big_endian(x, 20, 4),
    png_channels(byte_at(x, 25)) * (byte_at(x, 24) > 8 ? 2 : 1),
    png_orientation(x)};
}

bool is_frame_header(uint32_t marker) {
  // SOF0 to SOF15, but for the tables that share the range.
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8
         && marker != 0xcc;
}

result<image_header> read_jpeg(std::string_view x) {
  std::optional<image_header> found;
  std::optional<int> orientation;
  size_t at = 2;
  while (at + 4 <= x.size()) {
    if (byte_at(x, at) != 0xff)
      return truncated("JPEG");
    auto marker = byte_at(x, at + 1);
    if (marker == 0xff) {
      ++at; // Fill byte.
      continue;
    }
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2; // No length follows.
      continue;
    }
    auto length = big_endian(x, at + 2, 2);
    if (length < 2 || at + 2 + length > x.size())
      return truncated("JPEG");
    constexpr auto exif = "Exif\0\0"sv;
    if (marker == 0xe1 && !orientation
        && x.substr(at + 4, length - 2).starts_with(exif))
      orientation = orientation_of(
        x.substr(at + 4 + exif.size(), length - 2 - exif.size()));
    if (is_frame_header(marker)) {
      if (length < 8)
        return truncated("JPEG");
      found = image_header{image_format::jpeg, big_endian(x, at + 7, 2),
                           big_endian(x, at + 5, 2), 3};
    }
    if (marker == 0xda) {
      // The decoder fills up a scan that was cut, as those of the services do.
      if (!found)
        return truncated("JPEG");
      if (has_too_many_scans(x.substr(at)))
        return fail(failure_kind::invalid_input,
                    "the JPEG file has more than 100 scans");
      found->orientation = orientation.value_or(1);
      return *found;
    }
    at += 2 + length;
  }
  return truncated("JPEG");
}

result<image_header> read_webp(std::string_view x) {
  if (x.size() < 30 || uint64_t{little_endian(x, 4, 4)} + 8 > x.size())
    return truncated("WebP");
  auto chunk = x.substr(12, 4);
  image_header out{image_format::webp, 0, 0, 4};
  if (chunk == "VP8X") {
    out.width = little_endian(x, 24, 3) + 1;
    out.height = little_endian(x, 27, 3) + 1;
  } else if (chunk == "VP8L") {
    auto bits = little_endian(x, 21, 4);
    out.width = (bits & 0x3fff) + 1;
    out.height = ((bits >> 14) & 0x3fff) + 1;
  } else if (chunk == "VP8 ") {
    out.width = little_endian(x, 26, 2) & 0x3fff;
    out.height = little_endian(x, 28, 2) & 0x3fff;
  } else {
    return truncated("WebP");
  }
  return out;
}

result<image_header> read_gif(std::string_view x) {
  if (x.size() < 13)
    return truncated("GIF");
  return image_header{image_format::gif, little_endian(x, 6, 2),
                      little_endian(x, 8, 2), 4};
}

result<image_header> read_bmp(std::string_view x, uint64_t file_bytes) {
  image_header out{image_format::bmp, 0, 0, 4};
  uint64_t bits = 0;
  auto packed = false;
  auto old = x.size() >= 26 && little_endian(x, 14, 4) == 12;
  if (x.size() < 54 && !old)
    return truncated("BMP");
  if (old) {
    out.width = little_endian(x, 18, 2);
    out.height = little_endian(x, 20, 2);
    bits = little_endian(x, 24, 2);
  } else {
    out.width = little_endian(x, 18, 4);
    out.height = little_endian(x, 22, 4);
    // A negative height means rows from top to bottom.
    if (out.height > INT32_MAX)
      out.height = 0 - out.height;
    bits = little_endian(x, 28, 2);
    auto compression = little_endian(x, 30, 4);
    packed = compression == 1 || compression == 2;
  }
  auto line = (out.width * bits + 31) / 32 * 4;
  if (!packed && file_bytes < little_endian(x, 10, 4) + line * out.height)
    return truncated("BMP");
  return out;
}

result<image_header> read_tiff(std::string_view x) {
  tiff_directory fields{x};
  if (!fields.complete())
    return truncated("TIFF");
  auto bits = std::clamp(fields.value(258, 1), 8u, 64u);
  auto samples = std::clamp(fields.value(277, 1), 1u, 8u);
  // A strip may be the whole picture, and is unpacked before it is read.
  return image_header{image_format::tiff, fields.value(256, 0),
                      fields.value(257, 0),
                      4 + bits / 8 * std::max(samples, 3u), orientation_of(x)};
}

} // namespace

result<image_header> read_image_header(std::string_view x,
                                       uint64_t file_bytes) {
  auto out = x.starts_with("\x89PNG\r\n\x1a\n"sv) ? read_png(x)
             : x.starts_with("\xff\xd8\xff"sv)    ? read_jpeg(x)
             : x.starts_with("RIFF") && x.size() > 12
                 && x.substr(8, 4) == "WEBP"
               ? read_webp(x)
             : x.starts_with("GIF8") ? read_gif(x)
             : x.starts_with("BM")   ? read_bmp(x, file_bytes)
             : x.starts_with("II*\0"sv) || x.starts_with("MM\0*"sv)
               ? read_tiff(x)
               : result<image_header>{
                 fail(failure_kind::invalid_input,
                      "not a JPEG, PNG, WebP, GIF, BMP or TIFF picture")};
  if (out && (out->width == 0 || out->height == 0))
    return fail(failure_kind::invalid_input, "the picture has no pixels");
  return out;
}

std::optional<failure> excess_of(const image_header& x,
                                 const image_limits& limits) {
  auto size = std::to_string(x.width) + "x" + std::to_string(x.height);
  auto pixels = uint64_t{x.width} * x.height;
  if (pixels > limits.pixels_max)
    return failure{failure_kind::invalid_input,
                   "the picture has " + size + " pixels, accepted is up to "
                     + std::to_string(limits.pixels_max)};
  if (pixels > limits.decoded_bytes_max / x.pixel_bytes)
    return failure{failure_kind::invalid_input,
                   "the picture has " + size + " pixels of "
                     + std::to_string(x.pixel_bytes)
                     + " bytes, accepted is up to "
                     + std::to_string(limits.decoded_bytes_max) + " bytes"};
  return std::nullopt;
}

} // namespace render::media
