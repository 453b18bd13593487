#pragma once
// Sound, with ffmpeg and TagLib. Blocks the calling thread.
#include "actors/io/media/audio_probe.hpp"
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <chrono>
#include <stop_token>
#include <string>

namespace render::media {

struct audio_tools {
  std::string ffmpeg = "ffmpeg";
  std::string ffprobe = "ffprobe";
  std::chrono::milliseconds limit{300'000};
  /// Longer or larger audio is cut off when it is converted.
  uint32_t seconds_max = 4 * 3'600;
  uint64_t output_bytes_max = 256ull << 20;
};

/// Type of a file by libmagic, or else by ffprobe. Only a file that one of them
/// could read is called audio, image or video.
result<msg::file_identity> identify(const std::string& path,
                                    const audio_tools& tools,
                                    std::stop_token stop);

result<msg::prepared_audio> prepare(const msg::prepare_audio& x,
                                    const audio_tools& tools,
                                    std::stop_token stop);

} // namespace render::media
