// Records as c3ctl shows them: "field value" a line.
#include "app/ctl/record_text.hpp"
#include "messages/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  ctl::record x;
  while (!text.empty()) {
    auto line = fuzz::take_line(text);
    auto blank = std::min(line.find(' '), line.size());
    x[line.substr(0, blank)] = line.substr(std::min(line.size(), blank + 1));
  }
  auto lines = ctl::record_table(x, 1.7e9);
  must(static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'))
         == x.size(),
       "a field has a line");
  std::replace(lines.begin(), lines.end(), '\n', ' ');
  must(fuzz::is_printable(lines), "a field steers no terminal");
  must(fuzz::is_printable(ctl::progress_line(x)), "progress is printable");
  must(fuzz::is_printable(ctl::holder_text(x, false)), "a holder is, too");
  must(std::isfinite(ctl::number_field(x, "progress")), "a number is one");
  must(ctl::progress_bar(ctl::number_field(x, "progress")).size() == 28,
       "a bar has one length");
  auto utf8 = std::all_of(x.begin(), x.end(), [](auto& y) {
    return valid_utf8(y.first) == y.first && valid_utf8(y.second) == y.second;
  });
  auto doc = json::parse(ctl::record_json(x));
  must(!utf8 || (doc && doc->IsObject() && doc->MemberCount() == x.size()),
       "a record is a JSON object");
  return 0;
}
