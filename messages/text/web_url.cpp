#include "messages/text/web_url.hpp"

#include "messages/http.hpp"
#include "messages/text/ascii.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

// Characters that `requests` leaves as they are (RFC 3986, reserved).
constexpr std::string_view reserved = "!#$&'()*+,/:;=?@[]";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

} // namespace

std::string normalized_url(std::string_view text) {
  auto first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos)
    return std::string{text};
  auto path = std::min(text.find_first_of("/?#", scheme_end + 3), text.size());
  std::string out{text.substr(0, path)};
  for (auto i = path; i < text.size(); ++i) {
    auto encoded = text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1])
                   && is_hex(text[i + 2]);
    if (encoded || is_control(text[i]))
      out += text[i];
    else
      out += percent_encode(text.substr(i, 1), reserved);
  }
  return out;
}

} // namespace render
