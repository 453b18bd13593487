#include "actors/webhook/receiver.hpp"

#include "messages/text/lower.hpp"

#include <algorithm>

namespace render::webhook_sender {

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
