#pragma once
// Where a worker listens for the others of its fleet. Pure.
#include "messages/failure.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace render::peers {

struct address {
  /// A name or an IP address, without brackets.
  std::string host;
  uint16_t port = 0;

  friend auto operator<=>(const address&, const address&) = default;
};

/// "host:port", "1.2.3.4:port" or "[::1]:port".
std::string to_string(const address& x);

/// Fails as `invalid_input` and says what is wrong.
result<address> parse_address(std::string_view text);

} // namespace render::peers
