#include "actors/renderer/comfyui/workflow.hpp"

#include "messages/text/json.hpp"

#include <algorithm>
#include <cmath>

namespace render::comfyui {

namespace {

constexpr std::string_view video_class = "VHS_VideoCombine";

class filler {
public:
  explicit filler(json::document& doc) : doc_(doc) {
    // nop
  }

  /// Sets an input of every node of this class; false when there is none.
  bool set(std::string_view node_class, const char* input, json::value x) {
    bool found = false;
    for (auto& node : doc_.GetObject()) {
      auto* inputs = node.value.IsObject() ? find_inputs(node.value) : nullptr;
      if (!inputs
          || json::string_or_empty(node.value, "class_type") != node_class)
        continue;
      found = true;
      json::value copy{x, doc_.GetAllocator()};
      if (auto at = inputs->FindMember(input); at != inputs->MemberEnd())
        at->value = copy;
      else
        inputs->AddMember(json::make_string(input, doc_), copy,
                          doc_.GetAllocator());
    }
    return found;
  }

  json::value text(const std::string& x) {
    return json::make_string(x, doc_);
  }

private:
  static json::value* find_inputs(json::value& node) {
    auto at = node.FindMember("inputs");
    return at != node.MemberEnd() && at->value.IsObject() ? &at->value
                                                          : nullptr;
  }

  json::document& doc_;
};

tl::unexpected<failure> incomplete(std::string_view node_class) {
  return fail(failure_kind::internal, "the portrait workflow has no "
                                        + std::string{node_class} + " node");
}

} // namespace

frame_size workflow_size(uint32_t width, uint32_t height) {
  if (width == 0 || height == 0)
    return {1, 1};
  // Integer arithmetic, so that no rounding error costs a pixel.
  auto wide = uint64_t{1280} * height <= uint64_t{720} * width;
  uint64_t w = wide ? 1280 : uint64_t{720} * width / height;
  uint64_t h = wide ? uint64_t{1280} * height / width : 720;
  return {static_cast<uint32_t>(std::max<uint64_t>(1, w)),
          static_cast<uint32_t>(std::max<uint64_t>(1, h))};
}

uint32_t workflow_duration(double audio_s) {
  if (!(audio_s >= 0) || audio_s > 1e6)
    return 8;
  return static_cast<uint32_t>(std::ceil(audio_s)) + 3;
}

result<std::string> fill_portrait(std::string_view workflow,
                                  const portrait_inputs& x) {
  auto doc = json::parse(workflow);
  if (!doc || !doc->IsObject())
    return fail(failure_kind::internal,
                "the portrait workflow is not a JSON object");
  filler fill{*doc};
  if (!fill.set("LoadImage", "image", fill.text(x.image)))
    return incomplete("LoadImage");
  if (!fill.set("LoadAudio", "audio", fill.text(x.audio)))
    return incomplete("LoadAudio");
  if (!fill.set(video_class, "filename_prefix", fill.text("Video_" + x.job_id)))
    return incomplete(video_class);
  fill.set("ImageResize+", "width", json::value{x.size.width});
  fill.set("ImageResize+", "height", json::value{x.size.height});
  fill.set("SONIC_PreData", "duration", json::value{x.duration_s});
  fill.set("SONICSampler", "seed", json::value{x.seed});
  return json::to_text(*doc);
}

std::string video_node(std::string_view workflow) {
  auto doc = json::parse(workflow);
  if (!doc || !doc->IsObject())
    return {};
  for (auto& node : doc->GetObject())
    if (json::string_or_empty(node.value, "class_type") == video_class)
      return node.name.GetString();
  return {};
}

} // namespace render::comfyui
