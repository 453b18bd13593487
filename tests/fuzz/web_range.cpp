// A Range header: the size of the file in the first line, then the header.
#include "app/web/range.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using namespace render::web;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto bytes = static_cast<uint64_t>(fuzz::take_number(text));
  auto wish = parse_range(text, bytes);
  must(!wish.part || !wish.outside, "a part is inside");
  if (!wish.part)
    return 0;
  auto& x = *wish.part;
  must(x.bytes > 0 && x.bytes <= bytes && x.offset <= bytes - x.bytes,
       "a part is of the file");
  auto again = parse_range("bytes=" + std::to_string(x.offset) + "-"
                             + std::to_string(x.offset + x.bytes - 1),
                           bytes);
  must(again == wish, "it reads the same once written");
  return 0;
}
