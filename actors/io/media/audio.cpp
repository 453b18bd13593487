#include "actors/io/media/audio.hpp"

#include "actors/io/media/box.hpp"
#include "actors/io/programs/program.hpp"
#include "messages/http.hpp"

#include <filesystem>
#include <optional>
#include <utility>

namespace render::media {

using programs::lacks_room;
using programs::run_program;

namespace {

tl::unexpected<failure> no_sound(const std::string& path,
                                 const std::string& why, std::stop_token stop) {
  auto what = boxed::identify(path, std::move(stop));
  if (what && what->bytes == 0)
    return fail(failure_kind::invalid_input, "the file is empty (0 bytes)");
  if (what && what->content_type == "text/html")
    return fail(failure_kind::invalid_input, "an HTML page, not sound");
  return fail(failure_kind::invalid_input,
              why + (what ? " (the file is " + what->content_type + ")" : ""));
}

/// The last line of a program's error output.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return excerpt(text.substr(text.rfind('\n') + 1), 200);
}

/// Demuxers that read nothing but the given file: a playlist could name other
/// files and addresses.
constexpr std::string_view formats
  = "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,"
    "m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,ogg,opus,tta,w64,wav,wv";

/// Several may run for minutes. A film of eight hours with 60 pictures a second
/// takes more than 200 MB; where memory is short, ffmpeg drops the end and says
/// nothing.
constexpr programs::child_limits sound_box{.memory = 256ull << 20};

/// No value: ffprobe cannot read the file.
result<std::optional<audio_probe>> ask_ffprobe(const std::string& path,
                                               const audio_tools& tools,
                                               std::stop_token stop) {
  static constexpr const char* entries
    = "stream=codec_type:stream_disposition=attached_pic:"
      "format=format_name,duration";
  auto got
    = run_program({tools.ffprobe, "-v", "error", "-show_entries", entries,
                   "-of", "json", "-protocol_whitelist", "file",
                   "-format_whitelist", std::string{formats}, "file:" + path},
                  tools.limit, std::move(stop), sound_box);
  if (!got)
    return fail(got.error());
  if (got->exit_code != 0)
    return std::nullopt;
  return read_probe(got->out).map([](auto&& x) {
    return std::optional{std::move(x)};
  });
}

result<audio_probe> probe(const std::string& path, const audio_tools& tools,
                          std::stop_token stop) {
  auto got = ask_ffprobe(path, tools, stop);
  if (!got)
    return fail(got.error());
  if (!*got)
    return no_sound(path, "not sound that can be read", std::move(stop));
  return **got;
}

/// Fails for a file without sound.
result<audio_probe> probe_sound(const std::string& path,
                                const audio_tools& tools,
                                std::stop_token stop) {
  auto seen = probe(path, tools, stop);
  if (seen && !seen->has_audio)
    return no_sound(path, "there is no sound in it", std::move(stop));
  return seen;
}

result<std::string> convert(const msg::prepare_audio& x,
                            const audio_tools& tools, std::stop_token stop) {
  auto mono = x.form == msg::audio_form::mono_wav;
  auto target = x.output_stem + (mono ? ".wav" : ".mp3");
  // The prefix file: keeps a path from being read as an option or a protocol.
  std::vector<std::string> argv{tools.ffmpeg,
                                "-v",
                                "error",
                                "-nostdin",
                                "-y",
                                "-threads",
                                "1",
                                "-filter_threads",
                                "1",
                                "-protocol_whitelist",
                                "file",
                                "-format_whitelist",
                                std::string{formats},
                                "-i",
                                "file:" + x.input,
                                "-vn",
                                "-map",
                                "0:a:0",
                                "-t",
                                std::to_string(tools.seconds_max),
                                "-fs",
                                std::to_string(tools.output_bytes_max)};
  if (mono)
    argv.insert(argv.end(), {"-ac", "1", "-c:a", "pcm_s16le"});
  else
    argv.insert(argv.end(), {"-ac", "2", "-ar", "44100", "-c:a", "libmp3lame",
                             "-b:a", "192k"});
  argv.push_back("file:" + target);
  auto got = run_program(argv, tools.limit, stop, sound_box);
  if (!got)
    return fail(got.error());
  // ffmpeg ends with 0 even when it could not write a short file.
  if (lacks_room(*got))
    return fail(failure_kind::unfit,
                "the sound cannot be converted: " + last_line(got->err));
  if (got->exit_code != 0)
    return fail(failure_kind::invalid_input,
                "the sound cannot be converted: " + last_line(got->err));
  return target;
}

} // namespace

result<msg::file_identity> identify(const std::string& path,
                                    const audio_tools& tools,
                                    std::stop_token stop) {
  auto out = boxed::identify(path, stop);
  if (!out)
    return out;
  for (auto named : {"audio/", "video/", "image/", "text/"})
    if (out->content_type.starts_with(named))
      return out;
  auto seen = ask_ffprobe(path, tools, std::move(stop));
  if (!seen)
    return fail(seen.error());
  if (auto& probe = *seen; probe && (probe->has_audio || probe->has_video)) {
    auto bytes = out->bytes;
    out = name_of(*probe);
    out->bytes = bytes;
  }
  return out;
}

result<msg::prepared_audio> prepare(const msg::prepare_audio& x,
                                    const audio_tools& tools,
                                    std::stop_token stop) {
  // Starting ffprobe costs a tenth of what ten minutes of sound do. What is
  // converted in any case is looked at only when that has failed.
  auto blindly = x.form == msg::audio_form::mono_wav;
  std::optional<audio_probe> seen;
  if (!blindly) {
    auto sound = probe_sound(x.input, tools, stop);
    if (!sound)
      return fail(sound.error());
    seen = std::move(*sound);
  }
  msg::prepared_audio out;
  if (seen && is_widely_readable(*seen)) {
    // Only the name is changed: services choose their decoder by it.
    out.path = x.output_stem + extension_of_format(seen->format);
    std::error_code err;
    std::filesystem::rename(x.input, out.path, err);
    if (err)
      return fail(kind_of_errno(err.value()),
                  out.path + " cannot be written: " + err.message());
  } else {
    auto converted = convert(x, tools, stop);
    if (!converted && blindly
        && converted.error().kind == failure_kind::invalid_input)
      if (auto sound = probe_sound(x.input, tools, stop); !sound)
        return fail(sound.error());
    if (!converted)
      return fail(converted.error());
    out.path = std::move(*converted);
  }
  if (auto what = boxed::identify(out.path, stop))
    out.content_type = what->content_type;
  out.duration_s = boxed::duration_by_tags(out.path, stop);
  if (out.duration_s >= 0)
    return out;
  if (!seen) {
    auto sound = probe_sound(out.path, tools, stop);
    if (!sound)
      return fail(sound.error());
    seen = std::move(*sound);
  }
  out.duration_s = seen->duration_s;
  return out;
}

} // namespace render::media
