#pragma once
// A URL as it is dialled. Pure.
#include "actors/io/http/networks.hpp"
#include "messages/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace render {

struct web_target {
  /// Percent-encoded where that was missing, the host in ASCII.
  std::string url;
  /// http or https.
  std::string scheme;
  /// Lower case, without brackets, user, port or dot at the end; a name beyond
  /// ASCII as Punycode, an IPv4 address as four decimal numbers.
  std::string host;
  uint16_t port = 0;
  /// Set when the host is an address.
  std::optional<ip_address> literal;
};

/// Accepts what a browser accepts: blanks around and inside, hosts in any
/// script. Fails as `invalid_input`; the message does not contain the URL.
result<web_target> read_web_target(std::string_view url);

/// "https://host:port" of an http or https URL, else "". The part that a log
/// may hold of a URL whose path is a secret.
std::string origin_of(std::string_view url);

} // namespace render
