#pragma once
// A WebSocket's URL as it is dialled. Pure.
#include <cstdint>
#include <string>

namespace render {

struct socket_address {
  /// wss.
  bool secure = false;
  /// As read_web_target() gives it; empty when the URL names none.
  std::string host;
  /// 0: none that could be dialled.
  uint16_t port = 0;
  /// As the Host header says it.
  std::string authority;
  /// Path and query.
  std::string target;
};

/// Of a ws or wss URL.
socket_address read_socket_address(const std::string& url);

} // namespace render
