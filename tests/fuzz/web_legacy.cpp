// Jobs of the older producer API: the kind and the Content-Type in two lines,
// then the body.
#include "app/web/legacy_checks.hpp"
#include "app/web/python_values.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::web;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto kind = job_kind_from(fuzz::take_line(text));
  auto type = fuzz::take_line(text);
  constexpr double now = 1'800'000'000;
  auto got = read_legacy_job(kind.value_or(job_kind::csm), text, type, now);
  if (!got.made) {
    must(got.refused.status == 400 || got.refused.status == 500,
         "a refusal is one of two");
    auto told = json::parse_as_python(got.refused.body);
    must(told && (json::find(*told, "error") || json::find(*told, "errors")),
         "a refusal says why");
    return 0;
  }
  auto& x = *got.made;
  auto left = x.complete_by_s - x.created_at_s;
  must(x.created_at_s == now && left >= 60 && left <= 86'400,
       "a deadline is in its range");
  must(x.max_time_s >= 60 && x.max_time_s <= 7'200, "a limit is in its range");
  auto kept = json::parse_as_python(x.data);
  must(kept && kept->IsObject(), "data is an object");
  must(!json::find(*kept, "complete_in") && !json::find(*kept, "max_time"),
       "times are no data");
  must(json::to_text(*kept) == x.data, "data reads the same once written");
  if (auto* url = json::find(*kept, "audio_url"))
    if (kind == job_kind::whisper || kind == job_kind::portrait)
      must(python::is_url(*url), "a URL is one");
  return 0;
}
