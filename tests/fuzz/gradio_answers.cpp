// A Gradio app's answers to an upload and a call, and the end of its stream.
#include "actors/renderer/gradio/requests.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto got = fuzz::answer_of(fuzz::text_of(data, size));
  gradio::server at{"csm", "https://node.example/csm", "key", "/gradio_api"};
  if (auto path = gradio::read_upload(at, "audio_url", got); !path)
    fuzz::must_be_fit_to_show(path.error());
  else
    // The name of the path is the app's choice, what is asked for is not.
    fuzz::must(gradio::file_request(at, *path, "/tmp/x", 1)
                 .url.starts_with("https://node.example/csm/gradio_api/file="),
               "a file is fetched from the app");
  if (auto joined = gradio::read_join(at, got); !joined)
    fuzz::must_be_fit_to_show(joined.error());
  else
    fuzz::must(!joined->busy || joined->event.empty(), "busy has no event");
  fuzz::must_be_fit_to_show(gradio::read_stream_end(at, got));
  return 0;
}
