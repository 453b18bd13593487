#include "actors/io/websocket/socket_address.hpp"

#include "actors/io/http/web_target.hpp"

#include <algorithm>
#include <utility>

namespace render {

socket_address read_socket_address(const std::string& url) {
  socket_address out;
  out.secure = url.starts_with("wss://");
  auto begin = std::min(url.size(), url.find("://") + 3);
  auto path = std::min(url.size(), url.find_first_of("/?", begin));
  out.authority = url.substr(begin, path - begin);
  out.target = url.substr(path);
  if (!out.target.starts_with('/'))
    out.target.insert(0, "/");
  // The same addresses as http and https have.
  if (auto x
      = read_web_target("http" + url.substr(std::min<size_t>(2, url.size())))) {
    out.host = std::move(x->host);
    out.port = x->port;
  }
  return out;
}

} // namespace render
