#pragma once
// Which proxy a URL takes, by the environment variables of curl and of Python's
// requests. Pure: the environment is handed in.
#include "actors/io/http/web_target.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace render {

struct proxy_settings {
  /// Proxy of http:// and of https:// URLs; empty: none.
  std::string http;
  std::string https;
  /// Hosts that are reached directly: names (with all names below them),
  /// addresses, networks, separated by commas or blanks; `*`: all.
  std::string none_for;

  bool empty() const noexcept {
    return http.empty() && https.empty();
  }

  friend bool operator==(const proxy_settings&, const proxy_settings&)
    = default;
};

/// Reads http_proxy, https_proxy, all_proxy and no_proxy, in lower case first.
/// `variable` returns "" for a variable that is not set.
proxy_settings
read_proxies(const std::function<std::string(std::string_view)>& variable);

/// URL of the proxy; empty: none.
std::string proxy_for(const proxy_settings& cfg, const web_target& target);

/// Where the proxy itself is reached.
struct proxy_address {
  std::string host;
  uint16_t port = 0;
  /// The proxy wants the address of the target, not its name (SOCKS 4 and 5).
  bool wants_address = false;
};

/// An empty host when the URL of the proxy cannot be read.
proxy_address read_proxy(std::string_view url);

} // namespace render
