#pragma once
// Work on local image, audio and video files, done by the MEDIA actor.
// All paths are absolute or relative to the process; outputs are overwritten.
#include <cstdint>
#include <string>

namespace render::msg {

/// What is this file? Answered with `file_identity`.
struct identify_file {
  std::string path;
  std::string group;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, identify_file& x) {
  return f(x.path, x.group);
}

struct file_identity {
  /// From the content, for example "audio/mpeg". Only a recognized format is
  /// called audio, video or image.
  std::string content_type;
  /// By the content, with the dot: ".mp3"; empty when unknown.
  std::string extension;
  uint64_t bytes = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, file_identity& x) {
  return f(x.content_type, x.extension, x.bytes);
}

/// Decodes a JPEG, PNG, WebP, GIF, BMP or TIFF (the first picture in it, EXIF
/// orientation applied), shrinks it to fit `max_side` × `max_side` when larger,
/// and writes it to `output`, whose extension (.png, .jpg) chooses the format.
/// Fails as `invalid_input` when it is no image, truncated, or a decompression
/// bomb.
struct prepare_image {
  std::string input;
  std::string output;
  uint32_t max_side = 2048;
  /// True: composes alpha over white. False: keeps alpha (PNG only).
  bool flatten_alpha = true;
  std::string group;
  /// True: the answer carries the output file as base64, for a request body.
  bool embed_base64 = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, prepare_image& x) {
  return f(x.input, x.output, x.max_side, x.flatten_alpha, x.group,
           x.embed_base64);
}

struct prepared_image {
  std::string path;
  /// Pixels of the file at `path`.
  uint32_t width = 0;
  uint32_t height = 0;
  /// Pixels of the input, orientation applied.
  uint32_t source_width = 0;
  uint32_t source_height = 0;
  /// With `embed_base64`.
  std::string base64;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, prepared_image& x) {
  return f(x.path, x.width, x.height, x.source_width, x.source_height,
           x.base64);
}

enum class audio_form : uint8_t {
  /// Mono WAV, 16 bit, the source's sample rate: a reference voice.
  mono_wav,
  /// Unchanged, except that a video and m4a/aac/webm/ogg become MP3, 44.1 kHz
  /// stereo.
  widely_readable,
};

/// Checks that the file holds sound and brings it into `form`. Fails as
/// `invalid_input` when it holds none.
struct prepare_audio {
  std::string input;
  /// Without extension; the actor adds the right one.
  std::string output_stem;
  audio_form form = audio_form::widely_readable;
  std::string group;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, prepare_audio& x) {
  return f(x.input, x.output_stem, x.form, x.group);
}

struct prepared_audio {
  /// The converted file, or the input (renamed to a fitting extension).
  std::string path;
  std::string content_type;
  /// Seconds; negative when it cannot be read.
  double duration_s = -1;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, prepared_audio& x) {
  return f(x.path, x.content_type, x.duration_s);
}

/// Ends the running work of this group; its asker gets `aborted`.
struct cancel_media {
  std::string group;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cancel_media& x) {
  return f(x.group);
}

} // namespace render::msg
