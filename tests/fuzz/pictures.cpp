// Pictures, decoded. The decoders run in a box; a fault in what we write around
// them is one all the same.
#include "actors/io/media/codecs.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <opencv2/core.hpp>

using namespace render;
using fuzz::must;
using media::image_format;

namespace {

/// Small, so that many are tried.
constexpr media::image_limits limits{1u << 18, 1u << 20, 1u << 22};

result<cv::Mat> decoded(std::string_view bytes,
                        const media::image_header& header) {
  switch (header.format) {
  case image_format::jpeg:
    return media::decode_jpeg(bytes);
  case image_format::png:
    return media::decode_png(bytes);
  case image_format::webp:
    return media::decode_webp(bytes);
  case image_format::tiff:
    return media::decode_tiff(bytes, header);
  // ffmpeg's.
  case image_format::bmp:
  case image_format::gif:
    break;
  }
  return fail(failure_kind::invalid_input, "another program's");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto bytes = fuzz::text_of(data, size);
  auto header = media::read_image_header(bytes);
  if (!header || media::excess_of(*header, limits))
    return 0;
  auto got = decoded(bytes, *header);
  if (!got) {
    fuzz::must_be_fit_to_show(got.error());
    must(got.error().kind == failure_kind::invalid_input,
         "a bad picture is the caller's fault");
    return 0;
  }
  must(got->type() == CV_8UC3 || got->type() == CV_8UC4,
       "a picture has three channels, or four");
  must(static_cast<uint32_t>(got->cols) == header->width
         && static_cast<uint32_t>(got->rows) == header->height,
       "a picture is as large as its header says");
  return 0;
}
