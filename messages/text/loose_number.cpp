#include "messages/text/loose_number.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace render {

std::optional<double> loose_number(std::string_view text) {
  static constexpr std::string_view blanks = " \t\r\n\f\v";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  auto is_digit = [](char c) {
    return c >= '0' && c <= '9';
  };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1])
        || !is_digit(text[i + 1]))
      return std::nullopt;
  }
  if (plain.size() > 1 && plain[0] == '+' && plain[1] != '-')
    plain.erase(0, 1);
  double out = 0;
  auto [end, err] = std::from_chars(plain.data(), plain.data() + plain.size(),
                                    out);
  if (plain.empty() || err != std::errc{} || end != plain.data() + plain.size())
    return std::nullopt;
  return out;
}

} // namespace render
