#include "messages/text/utf8.hpp"

namespace render {

namespace {

// Length of the valid UTF-8 sequence at the start of `text`; 0: none.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  auto n = lead >= 0xC2 && lead <= 0xDF   ? size_t{2}
           : lead >= 0xE0 && lead <= 0xEF ? size_t{3}
           : lead >= 0xF0 && lead <= 0xF4 ? size_t{4}
                                          : size_t{0};
  if (n == 0 || text.size() < n)
    return 0;
  for (size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  // Overlong forms, surrogates, beyond U+10FFFF.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)
      || (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))
    return 0;
  return n;
}

} // namespace

std::string_view take_utf8(std::string_view& text) {
  auto n = utf8_length(text);
  auto out = n > 0 ? text.substr(0, n) : std::string_view{"\xEF\xBF\xBD"};
  text.remove_prefix(n > 0 ? n : 1);
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty())
    out += take_utf8(text);
  return out;
}

} // namespace render
