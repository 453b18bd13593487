// `traceparent` and `tracestate` of producers: a line each.
#include "messages/spans.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto parent = fuzz::take_line(text);
  auto state = fuzz::take_line(text);
  auto x = read_span_context(parent, state);
  must(static_cast<bool>(x) == read_traceparent(parent).has_value(),
       "what is read is one");
  if (!x) {
    must(x == span_context{}, "what is none is empty");
    return 0;
  }
  auto again = traceparent_of(x);
  must(again.size() == 55 && fuzz::is_printable(again), "it is written whole");
  must(again.substr(3, 50) == parent.substr(3, 50), "the ids are the same");
  must(read_span_context(again, x.state) == x, "it is read as it was written");
  must(x.state.size() <= 512 && fuzz::is_printable(x.state),
       "a state is fit for a header");
  return 0;
}
