#pragma once
// Sound, with ffmpeg and TagLib. Blocks the calling thread.
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

namespace render::media {

struct audio_tools {
  std::string ffmpeg = "ffmpeg";
  std::string ffprobe = "ffprobe";
  std::chrono::milliseconds limit{300'000};
  /// What is longer or larger is cut off when it is converted.
  uint32_t seconds_max = 4 * 3'600;
  uint64_t output_bytes_max = 256ull << 20;
};

/// What ffprobe says of a file.
struct audio_probe {
  bool has_audio = false;
  /// Moving pictures; a cover image does not count.
  bool has_video = false;
  /// ffmpeg's name of the container, such as "mp3" or
  /// "mov,mp4,m4a,3gp,3g2,mj2".
  std::string format;
  /// Seconds; negative when unknown.
  double duration_s = -1;
};

/// Pure: reads ffprobe's JSON.
result<audio_probe> read_probe(std::string_view json_text);

/// Pure: a type and an extension for what libmagic has no name for.
msg::file_identity name_of(const audio_probe& x);

/// Pure: may the file stay as it is, or must it become an MP3?
bool is_widely_readable(const audio_probe& x);

/// What a file is: as libmagic names it, or else what ffprobe makes of it. Only
/// what one of them has read is called audio, image or video.
result<msg::file_identity> identify(const std::string& path,
                                    const audio_tools& tools,
                                    std::stop_token stop);

result<msg::prepared_audio> prepare(const msg::prepare_audio& x,
                                    const audio_tools& tools,
                                    std::stop_token stop);

} // namespace render::media
