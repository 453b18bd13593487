#pragma once
// Where the status server listens, and which Host headers it accepts. Pure.
#include <string>
#include <string_view>
#include <vector>

namespace render {

struct host_port {
  std::string host;
  int port = 0;
};

/// Splits HOST:PORT or [IPv6]:PORT, which the configuration has checked.
host_port split_address(const std::string& address);

/// "http://127.0.0.1:8095": how people and workers on this machine reach it. An
/// address that means all of the machine's is told as loopback.
std::string url_of(const host_port& x);

/// May a request with this Host header be answered? IP addresses, localhost and
/// `names` may; "*" among `names` allows all. This stops a browser page whose
/// own host name was made to point at this machine (DNS rebinding).
bool is_our_host(std::string_view header,
                 const std::vector<std::string>& names);

} // namespace render
