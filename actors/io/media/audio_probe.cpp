#include "actors/io/media/audio_probe.hpp"

#include "messages/text/json.hpp"

#include <charconv>
#include <cmath>
#include <utility>

namespace render::media {

result<audio_probe> read_probe(std::string_view json_text) {
  auto doc = json::parse(json_text);
  if (!doc)
    return fail(with_context("ffprobe", doc.error()));
  audio_probe out;
  if (auto* streams = json::find(*doc, "streams");
      streams && streams->IsArray())
    for (auto& x : streams->GetArray()) {
      auto type = json::string_or_empty(x, "codec_type");
      auto* disposition = json::find(x, "disposition");
      auto cover = disposition
                   && json::integer(*disposition, "attached_pic") == 1;
      out.has_audio |= type == "audio";
      out.has_video |= type == "video" && !cover;
    }
  if (auto* format = json::find(*doc, "format")) {
    out.format = json::string_or_empty(*format, "format_name");
    auto text = json::string_or_empty(*format, "duration");
    double seconds = 0;
    auto [end, err] = std::from_chars(text.data(), text.data() + text.size(),
                                      seconds);
    if (err == std::errc{} && seconds > 0 && std::isfinite(seconds))
      out.duration_s = seconds;
  }
  return out;
}

std::string extension_of_format(const std::string& format) {
  return format == "mp3" || format == "wav" || format == "flac" ? "." + format
                                                                : std::string{};
}

msg::file_identity name_of(const audio_probe& x) {
  static constexpr std::pair<std::string_view, std::string_view> table[]
    = {{"matroska", "mkv"}, {"mpegts", "ts"}, {"asf", "wma"}};
  auto name = x.format.substr(0, x.format.find(','));
  for (auto& [format, extension] : table)
    if (name == format)
      name = extension;
  auto medium = x.has_video ? "video/" : x.has_audio ? "audio/" : "";
  if (*medium == '\0')
    return {"application/octet-stream", {}, 0};
  return {medium + (name == "mp3" ? "mpeg" : "x-" + name), "." + name, 0};
}

bool is_widely_readable(const audio_probe& x) {
  return !x.has_video && !extension_of_format(x.format).empty();
}

} // namespace render::media
