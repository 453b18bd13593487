#include "messages/text/printable.hpp"

#include "messages/text/utf8.hpp"

#include <cstdint>
#include <cstdio>

namespace render {

namespace {

// The code point of one valid character of at most three bytes. A longer
// character, none of which is unprintable, gives a higher number.
uint32_t code_point(std::string_view character) {
  auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<unsigned char>(character[i]));
  };
  switch (character.size()) {
  case 1:
    return byte(0);
  case 2:
    return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  case 3:
    return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  default:
    return 0xFFFFFF;
  }
}

bool within(uint32_t x, uint32_t first, uint32_t last) {
  return x >= first && x <= last;
}

std::string escaped(std::string_view character) {
  auto x = code_point(character);
  char out[16];
  std::snprintf(out, sizeof(out), x < 0x80 ? "\\x%02x" : "\\u{%x}",
                static_cast<unsigned>(x));
  return out;
}

std::string shown(std::string_view text, size_t limit, std::string_view kept) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= limit)
      return out + "...";
    auto character = take_utf8(text);
    if (is_unprintable(character)
        && kept.find(character) == std::string_view::npos)
      out += escaped(character);
    else
      out += character;
  }
  return out;
}

} // namespace

bool is_unprintable(std::string_view character) {
  auto x = code_point(character);
  return x < 0x20 || within(x, 0x7F, 0x9F) || x == 0x061C
         || within(x, 0x200E, 0x200F) || within(x, 0x2028, 0x202E)
         || within(x, 0x2066, 0x2069);
}

std::string printable(std::string_view text, size_t limit) {
  return shown(text, limit, {});
}

std::string printable_lines(std::string_view text) {
  return shown(text, std::string::npos, "\n\t");
}

} // namespace render
