// The data of a job, which a producer writes.
#include "messages/job_params.hpp"

#include "messages/http.hpp"
#include "messages/text/web_url.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace render;
using fuzz::must;

void check_url(const std::string& x) {
  must(is_web_url(x), "a URL is one");
  must(fuzz::is_printable(x), "a URL moves no cursor");
  must(normalized_url(x) == x, "a URL is normalized");
}

void check_words(const std::string& x) {
  must(x.find_first_not_of(" \t\r\n") != std::string::npos,
       "a sentence has something in it");
  must(valid_utf8(x) == x, "a sentence is UTF-8");
}

void check(const csm_params& x) {
  must(!x.monologue.empty(), "there is something to say");
  for (auto& sentence : x.monologue)
    check_words(sentence);
  must(x.temperature >= 0 && x.temperature <= 2, "the temperature");
  must(x.topk >= 1 && x.topk <= 100, "topk");
  must(x.max_audio_length_ms >= 1000 && x.max_audio_length_ms <= 30'000,
       "the length");
  must(x.pause_duration_ms >= 0 && x.pause_duration_ms <= 500, "the pause");
  must((x.voice == "clone") == !x.reference_audio_url.empty(),
       "a clone has a reference");
  must((x.voice == "clone") == !x.reference_text.empty(),
       "a clone has a reference text");
  if (x.voice == "clone")
    check_url(x.reference_audio_url);
}

void check(const whisper_params& x) {
  check_url(x.audio_url);
  must(x.language.size() <= 12 && fuzz::is_printable(x.language),
       "a language is a code");
  must(!x.model.empty() && !x.task.empty(), "model and task");
}

void check(const portrait_params& x) {
  check_url(x.image_url);
  check_url(x.audio_url);
}

void check(const analyze_params& x) {
  check_url(x.image_url);
  check_words(x.prompt);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  for (auto kind : all_job_kinds) {
    auto params = parse_params(kind, text);
    if (!params) {
      fuzz::must_be_fit_to_show(params.error(), 400);
      must(params.error().kind == failure_kind::invalid_input,
           "bad data is the caller's fault");
      continue;
    }
    must(params->index() == static_cast<size_t>(kind), "the kind is kept");
    std::visit(
      [](auto& x) {
        check(x);
      },
      *params);
  }
  auto url = notify_url_of(text);
  if (!url.empty())
    check_url(url);
  if (auto flaw = notify_url_flaw(text)) {
    must(url.empty(), "a webhook that is sent has no flaw");
    fuzz::must_be_fit_to_show(*flaw, 400);
  }
  return 0;
}
