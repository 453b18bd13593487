// What a Gradio app says of itself: /config and /info, divided by a line "---".
#include "actors/renderer/gradio/app.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace render;
using fuzz::must;

const std::vector<gradio::argument> wanted{{"text", "\"hello\"", true},
                                           {"temperature", "0.9", false},
                                           {"topk", "50", false}};

void check(const gradio::endpoint& at,
           const std::vector<gradio::parameter>& parameters) {
  auto placed = gradio::place("csm", at, parameters, wanted);
  if (!placed)
    return fuzz::must_be_fit_to_show(placed.error());
  auto array = json::parse(placed->json);
  must(array && array->IsArray(), "the arguments are an array");
  auto slots = at.slots.empty() ? parameters.size() : at.slots.size();
  must(array->Size() == slots, "each input has an argument");
  for (auto& note : placed->adjusted)
    must(fuzz::is_printable(note) && note.size() < 1'000, "a note is short");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  constexpr std::string_view border = "\n---\n";
  auto end = std::min(text.find(border), text.size());
  auto config = gradio::read_config("csm", fuzz::answer_of(text.substr(0, end)),
                                    "/generate");
  auto rest = text.substr(std::min(text.size(), end + border.size()));
  auto info = gradio::read_info("csm", fuzz::answer_of(rest), "/generate");
  if (!info)
    fuzz::must_be_fit_to_show(info.error());
  if (!config) {
    fuzz::must_be_fit_to_show(config.error());
    return 0;
  }
  must(config->prefix.empty()
         || (config->prefix.front() == '/' && config->prefix.back() != '/'),
       "a prefix is a path");
  static const std::vector<gradio::parameter> known{
    {"text", "", {}}, {"temperature", "0.9", {0.0, 2.0}}, {"topk", "50", {}}};
  check(*config, known);
  if (info && *info)
    check(*config, **info);
  return 0;
}
