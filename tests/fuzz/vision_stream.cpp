// Ollama's stream of an answer: a JSON object a line.
#include "actors/renderer/vision/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  vision::generate_reader whole;
  whole.add(text);
  vision::generate_reader pieces;
  fuzz::in_pieces(text, [&](std::string_view bytes) {
    pieces.add(bytes);
  });
  fuzz::must(whole.text() == pieces.text() && whole.ended() == pieces.ended()
               && whole.error() == pieces.error(),
             "an answer does not depend on the borders of pieces");
  if (whole.failed())
    fuzz::must_be_fit_to_show(whole.error());
  fuzz::must(valid_utf8(whole.text()) == whole.text(), "the answer is UTF-8");
  if (auto said = vision::final_text(whole.text()); !said)
    fuzz::must_be_fit_to_show(said.error());
  else
    fuzz::must(whole.text().find(*said) != std::string::npos,
               "the answer is what was said");
  return 0;
}
