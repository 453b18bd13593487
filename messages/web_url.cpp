#include "messages/web_url.hpp"

#include "messages/http.hpp"

#include <algorithm>
#include <cctype>

namespace render {

namespace {

bool is_hex(std::string_view text, size_t at) {
  return at < text.size()
         && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
}

std::string encoded(std::string_view rest) {
  static constexpr std::string_view keep = "!#$&'()*+,/:;=?@[]";
  std::string out;
  out.reserve(rest.size());
  for (size_t i = 0; i < rest.size(); ++i)
    if (rest[i] == '%' && is_hex(rest, i + 1) && is_hex(rest, i + 2))
      out += '%';
    else
      out += percent_encode(rest.substr(i, 1), keep);
  return out;
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

} // namespace

std::string normal_web_url(std::string_view url) {
  url.remove_prefix(std::min(url.find_first_not_of(" \t\r\n"), url.size()));
  auto scheme = url.find("://");
  if (scheme == std::string_view::npos
      || std::any_of(url.begin(), url.end(), is_control))
    return {};
  auto path = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  auto front = url.substr(0, path);
  if (front.size() == scheme + 3
      || front.find_first_of(" \\") != std::string_view::npos)
    return {};
  auto out = std::string{front} + encoded(url.substr(path));
  return is_web_url(out) ? out : std::string{};
}

} // namespace render
