#include "actors/io/http/web_target.hpp"

#include "messages/http.hpp"
#include "messages/text/lower.hpp"

#include <curl/curl.h>
#include <idn2.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace render {

namespace {

struct freer {
  void operator()(CURLU* x) const {
    curl_url_cleanup(x);
  }
  void operator()(char* x) const {
    curl_free(x);
  }
};

using url_ptr = std::unique_ptr<CURLU, freer>;

std::string part(const url_ptr& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK || !text)
    return {};
  std::unique_ptr<char, freer> owner{text};
  return text;
}

tl::unexpected<failure> refuse() {
  return fail(failure_kind::invalid_input, "not an http or https URL");
}

std::string_view trim(std::string_view x) {
  constexpr std::string_view blank = " \t\r\n";
  auto begin = x.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return {};
  return x.substr(begin, x.find_last_not_of(blank) - begin + 1);
}

/// Blanks and bytes beyond ASCII percent-encoded after the host.
std::string encoded(std::string_view url) {
  auto scheme = url.find("://");
  auto tail = scheme == std::string_view::npos
                ? url.size()
                : std::min(url.size(), url.find_first_of("/?#", scheme + 3));
  std::string out{url.substr(0, tail)};
  for (char c : url.substr(tail)) {
    auto plain = c != ' ' && static_cast<unsigned char>(c) < 0x80;
    out += plain ? std::string(1, c) : percent_encode({&c, 1});
  }
  return out;
}

bool is_ascii(std::string_view x) {
  return std::all_of(x.begin(), x.end(), [](unsigned char c) {
    return c < 0x80;
  });
}

std::string to_ascii(const std::string& host) {
  char* out = nullptr;
  auto got = idn2_to_ascii_8z(host.c_str(), &out,
                              IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (got != IDN2_OK)
    return {};
  std::unique_ptr<char, void (*)(void*)> owner{out, &idn2_free};
  return out;
}

} // namespace

result<web_target> read_web_target(std::string_view text) {
  auto url = encoded(trim(text));
  if (!is_web_url(url))
    return refuse();
  // Repeated until nothing changes: an escaped or foreign host may turn out to
  // be an address, which curl normalizes only as part of a whole URL.
  for (auto round = 0; round < 3; ++round) {
    url_ptr parsed{curl_url()};
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
      return refuse();
    auto host = part(parsed, CURLUPART_HOST);
    auto wanted = lower(is_ascii(host) ? host : to_ascii(host));
    if (wanted.ends_with('.'))
      wanted.pop_back();
    if (wanted.empty())
      return refuse();
    if (wanted != host
        && curl_url_set(parsed.get(), CURLUPART_HOST, wanted.c_str(), 0)
             != CURLUE_OK)
      return refuse();
    if (auto whole = part(parsed, CURLUPART_URL); whole != url) {
      url = whole;
      continue;
    }
    web_target out;
    out.url = url;
    out.scheme = part(parsed, CURLUPART_SCHEME);
    auto port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    std::from_chars(port.data(), port.data() + port.size(), out.port);
    out.literal = parse_ip(host);
    out.host = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    auto known = out.scheme == "http" || out.scheme == "https";
    if (!known || out.port == 0 || out.url.empty())
      return refuse();
    return out;
  }
  return refuse();
}

std::string origin_of(std::string_view url) {
  auto target = read_web_target(url);
  if (!target)
    return {};
  auto host = target->literal && target->literal->v6 ? "[" + target->host + "]"
                                                     : target->host;
  auto usual = target->port == (target->scheme == "https" ? 443 : 80);
  return target->scheme + "://" + host
         + (usual ? "" : ":" + std::to_string(target->port));
}

} // namespace render
