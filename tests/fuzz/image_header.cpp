// Headers of pictures, before anything is decoded.
#include "actors/io/media/image_header.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;
using media::image_format;

namespace {

uint64_t number_at(std::string_view x, size_t at) {
  uint64_t out = 0;
  for (auto c : x.substr(at, 4))
    out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

/// Packed texts and profiles, and the largest of them.
std::pair<size_t, uint64_t> packed_chunks(std::string_view png) {
  std::pair<size_t, uint64_t> out;
  png.remove_prefix(8);
  while (png.size() >= 8) {
    auto length = number_at(png, 0);
    auto type = png.substr(4, 4);
    if (type == "zTXt" || type == "iTXt" || type == "iCCP") {
      ++out.first;
      out.second = std::max(out.second, length);
    }
    png.remove_prefix(std::min<uint64_t>(png.size(), length + 12));
  }
  return out;
}

uint64_t longest_side(image_format x) {
  switch (x) {
  case image_format::jpeg:
  case image_format::gif:
    return UINT16_MAX;
  case image_format::webp:
    return 1 << 24;
  default:
    return UINT32_MAX;
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto bytes = fuzz::text_of(data, size);
  auto header = media::read_image_header(bytes);
  if (!header) {
    fuzz::must_be_fit_to_show(header.error());
    must(header.error().kind == failure_kind::invalid_input,
         "a bad picture is the caller's fault");
    return 0;
  }
  must(header->width > 0 && header->height > 0, "a picture has pixels");
  must(header->pixel_bytes >= 1 && header->pixel_bytes <= 68,
       "a pixel has some bytes");
  auto largest = longest_side(header->format);
  must(header->width <= largest && header->height <= largest,
       "a side is as long as the format lets it be");
  auto excess = media::excess_of(*header, {});
  auto bytes_needed = static_cast<long double>(header->width) * header->height
                      * header->pixel_bytes;
  must(excess || bytes_needed <= 256ull << 20,
       "a picture that is read is small");
  if (excess)
    fuzz::must_be_fit_to_show(*excess);
  if (header->format == image_format::png) {
    auto [count, longest] = packed_chunks(bytes);
    must(count <= 32 && longest <= 1u << 20, "a PNG unpacks little");
  }
  return 0;
}
