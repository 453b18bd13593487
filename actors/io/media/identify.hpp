#pragma once
// The type of a file by its content.
#include "messages/failure.hpp"
#include "messages/media.hpp"

#include <string>
#include <string_view>

namespace render::media {

result<msg::file_identity> identify(const std::string& path);

/// ".mp3" for "audio/mpeg"; empty when unknown.
std::string extension_for(std::string_view content_type);

} // namespace render::media
