#pragma once
// Reads a ComfyUI prompt: its errors, and the video that it asks for. Touches
// no files except by the given look-up.
#include "messages/text/json.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace render::local_cloud {

struct node_fault {
  /// E.g. required_input_missing, value_not_in_list.
  std::string type;
  std::string message;
  std::string details;
};

struct validation {
  /// An error of the prompt as a whole, or an empty type.
  node_fault error;
  std::map<std::string, std::vector<node_fault>> nodes;
  /// For each node at fault, the output nodes that fall with it.
  std::map<std::string, std::vector<std::string>> dependent_outputs;
  /// Output nodes that will run.
  std::vector<std::string> outputs;
};

/// `has_input` tells whether an uploaded file of that name exists.
validation
validate_prompt(const json::value& prompt,
                const std::function<bool(const std::string&)>& has_input);

/// node_errors in the server's form.
std::string node_errors_json(const validation& x, const json::value& prompt);

/// The video that a VHS_VideoCombine node asks for.
struct video_plan {
  std::string image;
  /// Empty: a silent video.
  std::string audio;
  /// 0: as the image.
  int width = 0;
  int height = 0;
  double fps = 25;
  /// Seconds of animation asked for.
  double duration = 1;
  bool trim_to_audio = false;
  int crf = 19;
  std::string prefix = "AnimateDiff";
  bool save_output = true;
};

/// Follows the links up from `node`. Fails as `rejected` when they do not lead
/// to an image.
result<video_plan> plan_video(const json::value& prompt,
                              const std::string& node);

/// The uploaded image above `node`, at any distance; empty when none.
std::string image_above(const json::value& prompt, const std::string& node);

/// The nodes that must run before `node`, each after the nodes it depends on.
std::vector<std::string> nodes_above(const json::value& prompt,
                                     const std::string& node);

/// 0: not a sampler.
int sampler_steps(const json::value& prompt, const std::string& node);

/// A prompt in the form of the queue and the history: number, id, workflow,
/// extra data, outputs that run. `body` is the posted text.
std::string queue_item(int64_t number, const std::string& id,
                       const json::document& body,
                       const std::vector<std::string>& outputs);

std::string class_of(const json::value& prompt, const std::string& node);

} // namespace render::local_cloud
