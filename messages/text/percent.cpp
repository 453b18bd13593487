#include "messages/text/percent.hpp"

#include <charconv>
#include <cstdint>

namespace render {

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    uint8_t byte = 0;
    auto digits = text.substr(i + 1, 2);
    auto [end, err] = std::from_chars(digits.data(),
                                      digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || err != std::errc{}
        || end != digits.data() + digits.size())
      return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

} // namespace render
