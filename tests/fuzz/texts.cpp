// Text of others on its way to a log: printable, cut, masked.
#include "messages/http.hpp"
#include "messages/masked.hpp"
#include "messages/printable.hpp"
#include "messages/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

namespace {

/// Without our own decoder: C0, DEL, C1, and marks of direction by their bytes.
bool moves_cursor(std::string_view x) {
  for (size_t i = 0; i < x.size(); ++i) {
    auto byte = [&](size_t n) {
      return i + n < x.size() ? static_cast<unsigned char>(x[i + n]) : 0u;
    };
    auto c1 = byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F;
    auto separators = byte(0) == 0xE2 && byte(1) == 0x80
                      && (byte(2) == 0x8E || byte(2) == 0x8F
                          || (byte(2) >= 0xA8 && byte(2) <= 0xAE));
    auto isolates = byte(0) == 0xE2 && byte(1) == 0x81 && byte(2) >= 0xA6
                    && byte(2) <= 0xA9;
    auto arabic = byte(0) == 0xD8 && byte(1) == 0x9C;
    if (byte(0) < 0x20 || byte(0) == 0x7F || c1 || separators || isolates
        || arabic)
      return true;
  }
  return false;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto secret = fuzz::take_line(text);
  auto utf8 = valid_utf8(text);
  must(valid_utf8(utf8) == utf8, "what is valid stays");
  must(utf8.size() >= text.size(), "no byte is lost");
  auto shown = printable(text);
  must(!moves_cursor(shown), "what is printable moves no cursor");
  must(printable(shown) == shown, "what is printable stays");
  constexpr size_t limit = 20;
  // The last character may be an escape; then come the dots.
  must(printable(text, limit).size() <= limit + 10 + 3, "a text is cut");
  auto few = excerpt(text, limit);
  must(few.size() <= limit + 5 + 3, "an excerpt is short");
  must(!moves_cursor(few), "an excerpt moves no cursor");
  must(valid_utf8(few) == few, "an excerpt is UTF-8");
  auto lines = printable_lines(text);
  std::replace(lines.begin(), lines.end(), '\n', ' ');
  std::replace(lines.begin(), lines.end(), '\t', ' ');
  must(!moves_cursor(lines), "printable lines move no cursor");
  auto hidden = masked(std::string{text}, {secret});
  if (secret.size() >= 6 && secret.find('*') == std::string::npos)
    must(hidden.find(secret) == std::string::npos, "a secret is masked");
  must(percent_encode(text).find_first_of(" ?#&/\r\n") == std::string::npos,
       "what is encoded is one part of a URL");
  return 0;
}
