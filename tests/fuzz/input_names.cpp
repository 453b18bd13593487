// What an input is called, by its URL (first line) and its Content-Type.
#include "actors/renderer/inputs.hpp"
#include "messages/text/path_below.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto url = fuzz::take_line(text);
  auto type = fuzz::take_line(text);
  auto extension = choose_extension(url, type, ".bin");
  must(extension.starts_with('.') && is_file_name("input" + extension)
         && fuzz::is_printable(extension),
       "an extension is part of a name");
  must(extension.size() <= 16, "an extension is short");
  http_response got;
  got.status = 200;
  got.body_bytes = text.size();
  if (auto ok = check_fetched("image_url", url, answer{got});
      !ok && is_web_url(url))
    must(ok.error().kind == failure_kind::invalid_input, "the URL's fault");
  return 0;
}
