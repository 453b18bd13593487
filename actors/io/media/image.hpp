#pragma once
// Pictures, with OpenCV. Blocks the calling thread.
#include "actors/io/media/image_header.hpp"
#include "messages/failure.hpp"
#include "messages/media.hpp"

namespace render::media {

/// All formats but GIF, which OpenCV does not read.
result<msg::prepared_image> prepare(const msg::prepare_image& x,
                                    const image_limits& limits);

} // namespace render::media
