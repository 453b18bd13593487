#pragma once
// A WebSocket's URL as it is dialled. Pure.
#include <cstdint>
#include <string>

namespace render {

struct socket_address {
  /// wss.
  bool secure = false;
  /// In the form of read_web_target(); empty when the URL has no host.
  std::string host;
  /// 0: the URL has no usable port.
  uint16_t port = 0;
  /// Value of the Host header.
  std::string authority;
  /// Path and query.
  std::string target;
};

/// Reads a ws or wss URL.
socket_address read_socket_address(const std::string& url);

} // namespace render
