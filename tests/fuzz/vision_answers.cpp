// Answers of an Ollama, and of a server of OpenAI's chat form.
#include "actors/renderer/vision/protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto got = fuzz::answer_of(fuzz::text_of(data, size));
  auto models = vision::read_tags(got);
  if (!models)
    fuzz::must_be_fit_to_show(models.error());
  else if (auto model = vision::choose_model("llava", *models); !model)
    fuzz::must_be_fit_to_show(model.error());
  else
    fuzz::must(std::find(models->begin(), models->end(), *model)
                 != models->end(),
               "a model that is asked is there");
  if (auto said = vision::read_chat(got); !said)
    fuzz::must_be_fit_to_show(said.error());
  else
    fuzz::must(!said->empty() && valid_utf8(*said) == *said, "the answer");
  if (got) {
    fuzz::must_be_fit_to_show(vision::read_error(*got));
    vision::is_unknown_route(*got);
  }
  return 0;
}
