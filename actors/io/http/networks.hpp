#pragma once
// Which addresses a stranger's URL may reach. Pure: text and bytes in, yes or
// no out; nothing is looked up.
#include "messages/failure.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render {

/// IPv4 or IPv6. An IPv4 address stands in the first four bytes.
struct ip_address {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};

  friend bool operator==(const ip_address&, const ip_address&) = default;
};

/// `1.2.3.4` in exactly four decimal numbers, or IPv6, also in brackets; a zone
/// (`%eth0`) is no part of an address and is refused.
std::optional<ip_address> parse_ip(std::string_view text);

std::string to_string(const ip_address& x);

/// All addresses whose first `bits` are those of `base`.
struct ip_network {
  ip_address base;
  uint32_t bits = 0;

  bool contains(const ip_address& x) const;

  friend bool operator==(const ip_network&, const ip_network&) = default;
};

/// `10.0.0.0/8`, `fd00::/8`, or one address.
std::optional<ip_network> parse_network(std::string_view text);

/// The IPv4 address inside an IPv6 address: IPv4-mapped and IPv4-compatible,
/// NAT64 (64:ff9b::/96), 6to4 (2002::/16), ISATAP.
std::optional<ip_address> embedded_ipv4(const ip_address& x);

/// Whether the address belongs to the open Internet: not loopback, private,
/// shared (CGNAT), link-local, multicast, documentation, benchmark, reserved,
/// nor an IPv6 form of such an address. For IPv6 only 2000::/3 is public, and
/// NAT64 of a public IPv4 address.
bool is_public(const ip_address& x);

/// Addresses beyond public ones that the operator lets strangers' URLs reach.
class private_allowances {
public:
  /// Networks and host names, separated by commas or blanks. A host name is
  /// allowed whatever it resolves to; `.example.lan` allows all names below.
  static result<private_allowances> parse(std::string_view text);

  /// `host` in lower case, as the URL has it.
  bool permits(std::string_view host, const ip_address& x) const;

  bool empty() const noexcept {
    return networks_.empty() && hosts_.empty();
  }

  friend bool operator==(const private_allowances&, const private_allowances&)
    = default;

private:
  std::vector<ip_network> networks_;
  std::vector<std::string> hosts_;
};

/// A host name or IPv4 address without anything else: letters, digits, `-`,
/// `_` and single inner dots, 253 characters at most.
bool is_plain_host(std::string_view text);

} // namespace render
