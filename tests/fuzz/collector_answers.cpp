// What a collector answers: status, Retry-After, body.
#include "actors/io/spans/otlp.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  http_response got;
  got.status = static_cast<int32_t>(fuzz::take_number(text) % 1'000);
  got.headers["retry-after"] = fuzz::take_line(text);
  got.body = text;
  auto x = otlp::judge(got, 1.7e9);
  must((x.what == otlp::verdict::kind::taken) == got.ok(), "2xx is taken");
  must(x.retry_after.count() >= 0, "a wait is no time before now");
  must(fuzz::is_printable(x.why) && x.why.size() <= 1'000, "why is a line");
  must(got.ok() == x.why.empty(), "a failure says something");
  return 0;
}
