#include "actors/io/media/codecs.hpp"

#include <opencv2/core.hpp>
#include <webp/decode.h>

namespace render::media {

result<cv::Mat> decode_webp(std::string_view bytes) {
  auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  auto ok = WebPGetFeatures(data, bytes.size(), &features) == VP8_STATUS_OK;
  cv::Mat out;
  if (ok) {
    out.create(features.height, features.width,
               features.has_alpha ? CV_8UC4 : CV_8UC3);
    auto* into = features.has_alpha ? WebPDecodeBGRAInto : WebPDecodeBGRInto;
    ok = into(data, bytes.size(), out.data, out.step * features.height,
              static_cast<int>(out.step))
         != nullptr;
  }
  if (!ok)
    return fail(failure_kind::invalid_input, "the WebP cannot be decoded");
  return out;
}

} // namespace render::media
