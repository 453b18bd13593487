// ComfyUI's answers: upload, prompt, history, queue.
#include "actors/renderer/comfyui/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

namespace {

const std::string prompt = "p-1";
const std::string node = "9";

void check_video(const comfyui::output_file& x) {
  comfyui::server at{"https://ui-node.example", "key"};
  auto url = comfyui::view_request(at, x, "/tmp/x", 1).url;
  must(url.starts_with("https://ui-node.example/view?filename="),
       "the video comes from the node");
  must(fuzz::is_printable(url) && url.find(' ') == std::string::npos,
       "the video's URL is encoded");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto got = fuzz::answer_of(fuzz::text_of(data, size));
  if (auto x = comfyui::read_upload(got); !x)
    fuzz::must_be_fit_to_show(x.error());
  else
    must(!x->empty(), "an upload has a name");
  if (auto x = comfyui::read_prompt(got, node); !x)
    fuzz::must_be_fit_to_show(x.error());
  else
    must(!x->empty(), "a prompt has an id");
  if (auto x = comfyui::read_queue(got, prompt); !x)
    fuzz::must_be_fit_to_show(x.error());
  else
    must(x->ahead || !x->running, "what runs has a place");
  auto history = comfyui::read_history(got, prompt, node);
  if (!history) {
    fuzz::must_be_fit_to_show(history.error());
    return 0;
  }
  auto failed = !history->error.message.empty();
  must(!failed || history->ended, "what failed has ended");
  must(history->ended == (failed || !history->video.filename.empty()),
       "what ended has a video or an error");
  if (failed)
    fuzz::must_be_fit_to_show(history->error);
  else
    check_video(history->video);
  return 0;
}
