#pragma once
// The decoders of hostile files (OpenCV, TagLib, libmagic), each run in a
// program of its own, c3-decode, without secrets and within limits. Blocks the
// calling thread.
#include "actors/io/media/image.hpp"
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace render::media::boxed {

/// c3-decode and c3-identify: beside this program, else names for PATH.
std::vector<std::string> programs();

/// Like `media::identify`.
result<msg::file_identity> identify(const std::string& path,
                                    std::stop_token stop);

/// Like `media::prepare`. A BMP and the first frame of a GIF are made a PNG by
/// `ffmpeg`, a program's name or path.
result<msg::prepared_image>
prepare(const msg::prepare_image& x, const image_limits& limits,
        const std::string& ffmpeg, std::stop_token stop);

/// Seconds by the file's tags; negative when they have none.
double duration_by_tags(const std::string& path, std::stop_token stop);

} // namespace render::media::boxed
