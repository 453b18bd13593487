#include "actors/webhook/receiver.hpp"

#include "messages/text/lower.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace render::webhook_sender {

std::chrono::milliseconds retry_after(const http_response& x, double unix_s) {
  auto at = x.headers.find("retry-after");
  if (at == x.headers.end() || (x.status != 429 && x.status != 503))
    return std::chrono::milliseconds{0};
  auto& text = at->second;
  uint32_t seconds = 0;
  auto end = text.data() + text.size();
  if (auto got = std::from_chars(text.data(), end, seconds);
      got.ec == std::errc{} && got.ptr == end)
    return std::chrono::milliseconds{static_cast<int64_t>(seconds) * 1000};
  std::tm date{};
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date))
    return std::chrono::milliseconds{0};
  auto wait_s = static_cast<double>(timegm(&date)) - unix_s;
  return std::chrono::milliseconds{
    static_cast<int64_t>(std::max(0.0, wait_s) * 1000)};
}

std::string host_of(std::string_view url) {
  auto begin = url.find("://");
  auto end = begin == std::string_view::npos
               ? url.size()
               : std::min(url.find_first_of("/?#", begin + 3), url.size());
  std::string out{url.substr(0, end)};
  if (auto at = out.rfind('@');
      begin != std::string_view::npos && at != std::string::npos && at > begin)
    out.erase(begin + 3, at - begin - 2);
  return lower(out);
}

std::string shown_url(std::string_view url) {
  return url.find("://") == std::string_view::npos ? "…" : host_of(url) + "/…";
}

std::string without_paths(std::string_view text, std::string_view url) {
  constexpr std::string_view ends = " \t\r\n\"'<>";
  auto scheme = url.find("://");
  auto path = scheme == std::string_view::npos
                ? std::string_view::npos
                : url.find_first_of("/?#", scheme + 3);
  auto secret = path == std::string_view::npos ? std::string_view{}
                                               : url.substr(path);
  auto bare = secret.substr(0, secret.find_first_of("?#"));
  std::string out;
  while (!text.empty()) {
    auto head = lower(text.substr(0, std::string_view{"https://"}.size()));
    if (head.starts_with("http://") || head == "https://") {
      // What ends a word elsewhere may be part of this one.
      auto ours = !url.empty() && text.starts_with(url);
      auto word = text.substr(0,
                              text.find_first_of(ends, ours ? url.size() : 0));
      text.remove_prefix(word.size());
      out += shown_url(ours ? url : word);
      if (word.ends_with(':'))
        out += ':';
      continue;
    }
    auto known = false;
    for (auto x : {secret, bare})
      if (!known && x.size() > 1 && text.starts_with(x)) {
        out += "/…";
        text.remove_prefix(x.size());
        known = true;
      }
    if (known)
      continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

} // namespace render::webhook_sender
