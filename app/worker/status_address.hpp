#pragma once
// Where the status server listens, and by which names it may be asked. Pure.
#include <string>
#include <string_view>
#include <vector>

namespace render {

struct host_port {
  std::string host;
  int port = 0;
};

/// Of HOST:PORT or [IPv6]:PORT, which the configuration has checked.
host_port split_address(const std::string& address);

/// May a request with this Host header be answered? IP addresses, localhost and
/// `names` may; "*" among these lets all. A page in a browser whose name leads
/// to this machine has another one.
bool is_our_host(std::string_view header,
                 const std::vector<std::string>& names);

} // namespace render
