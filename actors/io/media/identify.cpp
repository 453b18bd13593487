#include "actors/io/media/identify.hpp"

#include <magic.h>

#include <filesystem>
#include <memory>

namespace render::media {

std::string extension_for(std::string_view content_type) {
  static constexpr std::pair<std::string_view, std::string_view> table[] = {
    {"audio/mpeg", ".mp3"},          {"audio/x-wav", ".wav"},
    {"audio/wav", ".wav"},           {"audio/flac", ".flac"},
    {"audio/ogg", ".ogg"},           {"audio/x-m4a", ".m4a"},
    {"audio/mp4", ".m4a"},           {"audio/aac", ".aac"},
    {"video/webm", ".webm"},         {"video/mp4", ".mp4"},
    {"audio/x-hx-aac-adts", ".aac"}, {"image/jpeg", ".jpg"},
    {"image/png", ".png"},           {"image/webp", ".webp"},
    {"text/plain", ".txt"},          {"application/json", ".json"},
  };
  for (auto& [type, extension] : table)
    if (type == content_type)
      return std::string{extension};
  return {};
}

result<msg::file_identity> identify(const std::string& path) {
  // One cookie for each call: a cookie must not be used by several threads, and
  // loading the database takes only a few milliseconds.
  std::unique_ptr<magic_set, decltype(&magic_close)> cookie{
    magic_open(MAGIC_MIME_TYPE | MAGIC_SYMLINK), &magic_close};
  if (!cookie || magic_load(cookie.get(), nullptr) != 0)
    return fail(failure_kind::internal, "libmagic's database cannot be read");
  auto* type = magic_file(cookie.get(), path.c_str());
  std::error_code err;
  auto bytes = std::filesystem::file_size(path, err);
  if (!type || err)
    return fail(failure_kind::internal, path + " cannot be read");
  msg::file_identity out{type, {}, bytes};
  // An MP3 without tags is often taken for raw data.
  if (out.content_type == "application/octet-stream" && path.ends_with(".mp3"))
    out.content_type = "audio/mpeg";
  out.extension = extension_for(out.content_type);
  return out;
}

} // namespace render::media
