#pragma once
// What ffprobe tells about a file. Pure.
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <string>
#include <string_view>

namespace render::media {

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

/// Reads ffprobe's JSON.
result<audio_probe> read_probe(std::string_view json_text);

/// ".mp3", ".wav" or ".flac"; empty for other containers.
std::string extension_of_format(const std::string& format);

/// A type and an extension for a file that libmagic does not recognize.
msg::file_identity name_of(const audio_probe& x);

/// May the file stay as it is? If not, it becomes an MP3.
bool is_widely_readable(const audio_probe& x);

} // namespace render::media
