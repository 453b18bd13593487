// Messages of a ComfyUI's WebSocket.
#include "actors/renderer/comfyui/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto x = comfyui::read_event(fuzz::text_of(data, size), "p-1");
  fuzz::must(x.progress == -1 || (x.progress >= 0 && x.progress <= 1),
             "the progress");
  fuzz::must(x.progress == -1 || x.running, "what goes on is running");
  return 0;
}
