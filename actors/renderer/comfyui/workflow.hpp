#pragma once
// The portrait workflow: a ComfyUI graph in API format, filled in for one job.
// Nodes are found by class, so that an operator's own template works.
#include "messages/failure.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace render::comfyui {

struct frame_size {
  uint32_t width = 0;
  uint32_t height = 0;
  friend bool operator==(const frame_size&, const frame_size&) = default;
};

/// The image's size times min(1280/w, 720/h), which may also enlarge it,
/// rounded down to whole pixels, at least 1.
frame_size workflow_size(uint32_t width, uint32_t height);

/// Whole seconds, rounded up, plus 3; 8 when the duration is negative
/// (cannot be read).
uint32_t workflow_duration(double audio_s);

struct portrait_inputs {
  std::string job_id;
  /// Names that ComfyUI gave the uploads.
  std::string image;
  std::string audio;
  frame_size size;
  uint32_t duration_s = 8;
  uint64_t seed = 0;
};

/// The graph as JSON text. Fails as `internal` when the template has no
/// picture, sound or video node.
result<std::string> fill_portrait(std::string_view workflow,
                                  const portrait_inputs& x);

/// The id of the node that makes the video; empty when there is none.
std::string video_node(std::string_view workflow);

} // namespace render::comfyui
