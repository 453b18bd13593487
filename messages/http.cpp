#include "messages/http.hpp"

#include "messages/text/lower.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utf8.hpp"

#include <algorithm>
#include <cctype>

namespace render {

namespace {

constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "abcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_.~";

bool has_unprintable(std::string_view text) {
  while (!text.empty())
    if (is_unprintable(take_utf8(text)))
      return true;
  return false;
}

} // namespace

std::string http_response::content_type() const {
  auto found = headers.find("content-type");
  if (found == headers.end())
    return {};
  auto type = found->second.substr(0, found->second.find(';'));
  while (!type.empty() && std::isspace(static_cast<unsigned char>(type.back())))
    type.pop_back();
  return lower(type);
}

std::string redacted_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos)
    return std::string{url};
  auto authority = scheme_end + 3;
  auto path = std::min(url.find('/', authority), url.size());
  auto at = url.rfind('@', path);
  if (at == std::string_view::npos || at < authority)
    return std::string{url};
  return std::string{url.substr(0, authority)}
         + std::string{url.substr(at + 1)};
}

bool is_web_url(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    auto same = url.size() > scheme.size()
                && lower(url.substr(0, scheme.size())) == scheme;
    if (same)
      return url[scheme.size()] != '/' && url[scheme.size()] != '?'
             && url.find(' ') == std::string_view::npos
             && !has_unprintable(url);
  }
  return false;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (unreserved.find(c) != std::string_view::npos
        || keep.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// Reads no more than it shows, since a body may have megabytes.
std::string excerpt(std::string_view bytes, size_t limit) {
  std::string out;
  bool gap = false;
  while (!bytes.empty()) {
    if (out.size() >= limit)
      return out + "...";
    auto character = take_utf8(bytes);
    if (character == " " || is_unprintable(character)) {
      gap = !out.empty();
      continue;
    }
    if (gap)
      out += ' ';
    gap = false;
    out += character;
  }
  return out;
}

} // namespace render
