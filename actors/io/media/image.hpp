#pragma once
// Pictures, scaled by OpenCV. Blocks the calling thread.
#include "actors/io/media/image_header.hpp"
#include "messages/failure.hpp"
#include "messages/media.hpp"

namespace render::media {

/// All formats but GIF and BMP, which ffmpeg makes a PNG (box.hpp).
result<msg::prepared_image> prepare(const msg::prepare_image& x,
                                    const image_limits& limits);

} // namespace render::media
