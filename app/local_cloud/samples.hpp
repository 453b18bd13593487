#pragma once
// Sound as numbers.
#include "messages/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace render::local_cloud {

/// Samples a second of what `read_samples` gives.
inline constexpr int sample_rate = 8000;

/// The first `seconds` of a recording, mixed to one channel. Writes to `dir`
/// and leaves nothing there. Fails when ffmpeg cannot read the file.
result<std::vector<int16_t>>
read_samples(const std::string& recording, double seconds,
             const std::filesystem::path& dir, const std::stop_token& stop);

} // namespace render::local_cloud
