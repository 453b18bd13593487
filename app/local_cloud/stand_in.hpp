#pragma once
// Results of the local cloud say that no model made them, so that nobody
// judges the models by them.

namespace render::local_cloud {

/// In the picture of a video, and in the tags of videos and sounds.
inline constexpr auto stand_in_words = "stand-in, not a real render";

/// The last line of a transcript with words.
inline constexpr auto stand_in_listener
  = "(Written down by pocketsphinx, a stand-in for Whisper.)";

/// The last sentence of a description.
inline constexpr auto stand_in_viewer
  = "(Measured by OpenCV, a stand-in for a vision model.)";

} // namespace render::local_cloud
