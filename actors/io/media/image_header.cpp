#include "actors/io/media/image_header.hpp"

#include <optional>

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

/// libpng unpacks all of them, whether they are asked for or not.
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

/// By the colour type; a palette may hold alpha.
uint32_t png_channels(uint32_t colour_type) {
  return colour_type == 0 ? 1 : colour_type == 2 ? 3 : 4;
}

/// A scan goes through all of the picture again.
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
  // Signature, length, IHDR, width, height …; the last chunk is IEND.
  if (x.size() < 33 || x.substr(12, 4) != "IHDR")
    return truncated("PNG");
  if (x.rfind("IEND") == std::string_view::npos)
    return truncated("PNG");
  if (unpacks_too_much(x))
    return fail(failure_kind::invalid_input,
                "the PNG file has too many packed texts or profiles");
  return image_header{
    image_format::png, big_endian(x, 16, 4), big_endian(x, 20, 4),
    png_channels(byte_at(x, 25)) * (byte_at(x, 24) > 8 ? 2 : 1)};
}

bool is_frame_header(uint32_t marker) {
  // SOF0 to SOF15, but for the tables that share the range.
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8
         && marker != 0xcc;
}

result<image_header> read_jpeg(std::string_view x) {
  std::optional<image_header> found;
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
    if (is_frame_header(marker)) {
      if (length < 8)
        return truncated("JPEG");
      found = image_header{image_format::jpeg, big_endian(x, at + 7, 2),
                           big_endian(x, at + 5, 2), 3};
    }
    if (marker == 0xda) {
      // The scan: what follows is picture, up to the end mark. The mark of an
      // embedded thumbnail stands before this.
      if (!found || x.find("\xff\xd9"sv, at) == std::string_view::npos)
        return truncated("JPEG");
      if (has_too_many_scans(x.substr(at)))
        return fail(failure_kind::invalid_input,
                    "the JPEG file has more than 100 scans");
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

} // namespace

result<image_header> read_image_header(std::string_view x) {
  auto out = x.starts_with("\x89PNG\r\n\x1a\n"sv) ? read_png(x)
             : x.starts_with("\xff\xd8\xff"sv)    ? read_jpeg(x)
             : x.starts_with("RIFF") && x.size() > 12
                 && x.substr(8, 4) == "WEBP"
               ? read_webp(x)
               : result<image_header>{fail(failure_kind::invalid_input,
                                           "not a JPEG, PNG or WebP picture")};
  if (out && (out->width == 0 || out->height == 0))
    return fail(failure_kind::invalid_input, "the picture has no pixels");
  return out;
}

} // namespace render::media
