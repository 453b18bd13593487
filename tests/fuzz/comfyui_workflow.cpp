// A workflow of the operator, filled in for a job.
#include "actors/renderer/comfyui/workflow.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto node = comfyui::video_node(text);
  auto filled = comfyui::fill_portrait(
    text, {"job", "in.png", "in.mp3", {1280, 720}, 8, UINT64_MAX});
  if (!filled) {
    fuzz::must_be_fit_to_show(filled.error());
    return 0;
  }
  auto graph = json::parse(*filled);
  fuzz::must(graph && graph->IsObject(), "a graph is an object");
  fuzz::must(comfyui::video_node(*filled) == node, "the video node stays");
  return 0;
}
