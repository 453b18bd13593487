#pragma once
// The node classes that the ComfyUI server knows: those of the portrait
// workflow, with the type of each input.
#include <map>
#include <string>
#include <vector>

namespace render::local_cloud {

enum class want { link, integer, number, boolean, text, one_of, file };

/// The class of nodes that return their input `anything` unchanged.
inline constexpr std::string_view passing_class = "easy cleanGpuUsed";

struct input_rule {
  std::string name;
  want kind;
  /// Type of the linked output, e.g. IMAGE; `*`: any.
  std::string type{};
  double least = 0;
  double most = 0;
  std::vector<std::string> choices{};
  bool optional = false;
};

struct class_rule {
  std::vector<input_rule> inputs;
  std::vector<std::string> outputs;
  bool is_output = false;
};

/// By class_type.
const std::map<std::string, class_rule, std::less<>>& node_classes();

} // namespace render::local_cloud
