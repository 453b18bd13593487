#include "actors/io/http/proxy.hpp"

#include "messages/text/lower.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace render {

namespace {

std::string upper(std::string_view x) {
  std::string out{x};
  for (auto& c : out)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool matches(std::string_view entry, const web_target& target) {
  if (entry == "*")
    return true;
  if (target.literal)
    if (auto network = parse_network(entry))
      return network->contains(*target.literal);
  auto name = lower(entry);
  while (name.starts_with('.') || name.starts_with('*'))
    name.erase(0, 1);
  return !name.empty()
         && (target.host == name || target.host.ends_with("." + name));
}

} // namespace

proxy_settings
read_proxies(const std::function<std::string(std::string_view)>& variable) {
  auto either = [&](std::string_view name) {
    auto found = variable(name);
    return found.empty() ? variable(upper(name)) : found;
  };
  proxy_settings out;
  auto all = either("all_proxy");
  out.http = either("http_proxy");
  out.https = either("https_proxy");
  if (out.http.empty())
    out.http = all;
  if (out.https.empty())
    out.https = all;
  out.none_for = either("no_proxy");
  return out;
}

std::string proxy_for(const proxy_settings& cfg, const web_target& target) {
  auto& proxy = target.scheme == "https" ? cfg.https : cfg.http;
  if (proxy.empty())
    return {};
  constexpr std::string_view between = ", \t";
  std::string_view rest{cfg.none_for};
  while (true) {
    auto begin = rest.find_first_not_of(between);
    if (begin == std::string_view::npos)
      return proxy;
    rest.remove_prefix(begin);
    auto one = rest.substr(0, rest.find_first_of(between));
    rest.remove_prefix(one.size());
    if (matches(one, target))
      return {};
  }
}

proxy_address read_proxy(std::string_view url) {
  proxy_address out;
  auto scheme_end = url.find("://");
  auto scheme = scheme_end == std::string_view::npos
                  ? std::string{"http"}
                  : lower(url.substr(0, scheme_end));
  if (scheme_end != std::string_view::npos)
    url.remove_prefix(scheme_end + 3);
  out.wants_address = scheme == "socks4" || scheme == "socks5";
  // libcurl's own defaults.
  out.port = scheme == "https" ? 443 : 1080;
  url = url.substr(0, url.find_first_of("/?#"));
  if (auto at = url.rfind('@'); at != std::string_view::npos)
    url.remove_prefix(at + 1);
  auto colon = url.rfind(':');
  auto bracket = url.rfind(']');
  if (colon != std::string_view::npos
      && (bracket == std::string_view::npos || bracket < colon)) {
    auto port = url.substr(colon + 1);
    auto [end, err] = std::from_chars(port.data(), port.data() + port.size(),
                                      out.port);
    if (err != std::errc{} || end != port.data() + port.size())
      return {};
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']') && url.size() > 2)
    url = url.substr(1, url.size() - 2);
  out.host = lower(url);
  return out;
}

} // namespace render
