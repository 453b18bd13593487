#pragma once
// A picture that opens its mouth as loudly as a sound is. No model: the lips
// of the largest face are pulled apart. A picture without a face gets a drawn
// mouth.
#include "messages/failure.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace render::local_cloud {

/// How far a mouth can be open: 0 (closed) to `mouth_steps` - 1.
inline constexpr int mouth_steps = 10;

/// The opening in each of `frames` frames. The loud part of the sound opens
/// the mouth fully, whatever its level; silence closes it within three frames,
/// and so does the end of the samples. `samples` are `sample_rate` a second.
std::vector<int> mouth_openings(std::span<const int16_t> samples, double fps,
                                size_t frames);

/// The commands to ffmpeg's filter `target` that show the part of `mouths`
/// for each opening: closed at first, then a line for each change.
std::string mouth_commands(const std::vector<int>& openings, double fps,
                           int height, const std::string& target);

struct pixel_box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

/// Files that a video is made of.
struct talking_picture {
  std::filesystem::path face;
  /// What goes to `mouth`, for each opening, one below the other.
  std::filesystem::path mouths;
  /// Says that this is a stand-in; goes to `caption` of the video.
  std::filesystem::path caption;
  /// In `face`.
  pixel_box mouth;
  /// In a picture that is `margin` smaller than `face`.
  pixel_box caption_box;
};

/// Scales `picture` to `width` by `height` (0: as it is), both plus `margin`
/// for what the video cuts off, and writes to `folder`. Fails as `rejected`
/// when the file is no picture that OpenCV reads.
result<talking_picture>
draw_talking_picture(const std::filesystem::path& picture, int width,
                     int height, int margin,
                     const std::filesystem::path& folder);

} // namespace render::local_cloud
