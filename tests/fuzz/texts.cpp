// Text of others on its way to a log: printable, cut, masked.
#include "messages/http.hpp"
#include "messages/text/foreign_text.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utf8.hpp"
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

bool is_one_word(std::string_view x) {
  return x.find_first_of(" \"'<>`") == std::string_view::npos;
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
  secret_mask mask{{secret}};
  auto foreign = foreign_text(text, mask, limit);
  must(foreign.size() <= limit + 5 + 3 && !moves_cursor(foreign),
       "foreign text is short and moves no cursor");
  // Where the secret itself has stars, those of the mask may begin a new one.
  if (secret.size() >= secret_mask::shortest
      && secret.find('*') == std::string::npos)
    must(mask.masked(text).find(secret) == std::string::npos,
         "a secret is masked in all its forms");
  if (is_web_url(secret) && is_one_word(secret))
    must(without_url_secrets("of " + secret).find_first_of("?#")
           == std::string::npos,
         "no query leaves");
  must(!fit_to_leave({failure_kind::internal, std::string{text}}, mask)
          .message.empty(),
       "a failure has words");
  must(percent_encode(text).find_first_of(" ?#&/\r\n") == std::string::npos,
       "what is encoded is one part of a URL");
  return 0;
}
