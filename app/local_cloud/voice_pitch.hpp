#pragma once
// Measures the pitch of a recorded voice.
#include "messages/failure.hpp"

#include <filesystem>
#include <span>
#include <stop_token>
#include <string>

namespace render::local_cloud {

/// The fundamental frequency in Hz of a recording, 70 to 350, by the median
/// over its voiced frames; 120 when no frame is voiced. Needs a folder to write
/// to. Fails when ffmpeg cannot read the file.
result<double> measure_pitch(const std::string& recording,
                             const std::filesystem::path& dir,
                             const std::stop_token& stop);

/// Like `measure_pitch`, for samples at 8 kHz.
double pitch_of(std::span<const int16_t> samples);

} // namespace render::local_cloud
