#include "actors/io/http/networks.hpp"

#include "messages/text/lower.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace render {

namespace {

// From the IANA registries of special-purpose addresses, with multicast.
// 192.88.99.0/24 is the former 6to4 relay, 192.0.0.0/24 also holds the
// well-known NAT64 discovery addresses.
constexpr std::string_view special_v4[] = {
  "0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",   "127.0.0.0/8",
  "169.254.0.0/16",  "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",
  "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",  "192.168.0.0/16",
  "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",
  "224.0.0.0/4",     "240.0.0.0/4",
};

// Inside 2000::/3, outside of which nothing is public.
constexpr std::string_view special_v6[] = {
  "2001::/23",         // protocol assignments, Teredo, ORCHID, benchmarks
  "2001:db8::/32",     // documentation
  "2620:4f:8000::/48", // AS112
  "3fff::/20",         // documentation
  "3ffe::/16",         // the former 6bone
};

constexpr std::string_view nat64 = "64:ff9b::/96";

template <size_t N>
std::vector<ip_network> networks_of(const std::string_view (&texts)[N]) {
  std::vector<ip_network> out;
  for (auto text : texts)
    out.push_back(parse_network(text).value());
  return out;
}

bool in_any(const std::vector<ip_network>& xs, const ip_address& x) {
  return std::any_of(xs.begin(), xs.end(), [&](auto& network) {
    return network.contains(x);
  });
}

bool starts_with(const ip_address& x, std::initializer_list<uint8_t> bytes) {
  return std::equal(bytes.begin(), bytes.end(), x.bytes.begin());
}

ip_address v4_at(const ip_address& x, size_t at) {
  ip_address out;
  std::copy_n(x.bytes.begin() + static_cast<ptrdiff_t>(at), 4,
              out.bytes.begin());
  return out;
}

// A host without a letter was meant as an address.
bool has_letter(std::string_view x) {
  return std::any_of(x.begin(), x.end(), [](unsigned char c) {
    return std::isalpha(c) != 0;
  });
}

} // namespace

std::optional<ip_address> parse_ip(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']') && text.size() > 2)
    text = text.substr(1, text.size() - 2);
  std::string z{text};
  if (z.find('\0') != std::string::npos)
    return std::nullopt;
  ip_address out;
  // inet_pton knows no other spelling of IPv4 than four decimal numbers.
  if (inet_pton(AF_INET, z.c_str(), out.bytes.data()) == 1)
    return out;
  out.v6 = true;
  if (inet_pton(AF_INET6, z.c_str(), out.bytes.data()) == 1)
    return out;
  return std::nullopt;
}

std::string to_string(const ip_address& x) {
  char out[INET6_ADDRSTRLEN] = {};
  inet_ntop(x.v6 ? AF_INET6 : AF_INET, x.bytes.data(), out, sizeof(out));
  return out;
}

bool ip_network::contains(const ip_address& x) const {
  if (x.v6 != base.v6)
    return false;
  auto whole = bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + whole,
                  x.bytes.begin()))
    return false;
  auto rest = bits % 8;
  if (rest == 0)
    return true;
  auto mask = static_cast<uint8_t>(0xff00u >> rest);
  return ((base.bytes[whole] ^ x.bytes[whole]) & mask) == 0;
}

std::optional<ip_network> parse_network(std::string_view text) {
  auto slash = text.find('/');
  auto base = parse_ip(text.substr(0, slash));
  if (!base)
    return std::nullopt;
  uint32_t most = base->v6 ? 128 : 32;
  auto bits = most;
  if (slash != std::string_view::npos) {
    auto number = text.substr(slash + 1);
    auto [end, err] = std::from_chars(number.data(),
                                      number.data() + number.size(), bits);
    if (err != std::errc{} || end != number.data() + number.size()
        || bits > most)
      return std::nullopt;
  }
  return ip_network{*base, bits};
}

std::optional<ip_address> embedded_ipv4(const ip_address& x) {
  if (!x.v6)
    return std::nullopt;
  static const auto translated = parse_network(nat64).value();
  auto zero_to = [&](size_t n) {
    return std::all_of(x.bytes.begin(),
                       x.bytes.begin() + static_cast<ptrdiff_t>(n),
                       [](uint8_t byte) {
                         return byte == 0;
                       });
  };
  // IPv4-mapped, IPv4-translated (::ffff:0:a.b.c.d), IPv4-compatible.
  if (zero_to(12) || (zero_to(10) && x.bytes[10] == 0xff && x.bytes[11] == 0xff)
      || (zero_to(8) && x.bytes[8] == 0xff && x.bytes[9] == 0xff
          && x.bytes[10] == 0 && x.bytes[11] == 0))
    return v4_at(x, 12);
  if (translated.contains(x))
    return v4_at(x, 12);
  if (starts_with(x, {0x20, 0x02}))
    return v4_at(x, 2);
  auto isatap = (x.bytes[8] & 0xfd) == 0 && x.bytes[9] == 0
                && x.bytes[10] == 0x5e && x.bytes[11] == 0xfe;
  return isatap ? std::optional{v4_at(x, 12)} : std::nullopt;
}

bool is_public(const ip_address& x) {
  static const auto v4 = networks_of(special_v4);
  static const auto v6 = networks_of(special_v6);
  static const auto unicast = parse_network("2000::/3").value();
  static const auto translated = parse_network(nat64).value();
  if (!x.v6)
    return !in_any(v4, x);
  if (auto inner = embedded_ipv4(x); inner && !is_public(*inner))
    return false;
  return translated.contains(x) || (unicast.contains(x) && !in_any(v6, x));
}

result<private_allowances> private_allowances::parse(std::string_view text) {
  private_allowances out;
  constexpr std::string_view between = ", \t";
  while (true) {
    auto begin = text.find_first_not_of(between);
    if (begin == std::string_view::npos)
      return out;
    text.remove_prefix(begin);
    auto one = text.substr(0, text.find_first_of(between));
    text.remove_prefix(one.size());
    auto name = one.starts_with('.') ? one.substr(1) : one;
    if (auto network = parse_network(one))
      out.networks_.push_back(*network);
    else if (is_plain_host(name) && has_letter(name))
      out.hosts_.push_back(lower(one));
    else
      return fail(failure_kind::invalid_input,
                  "\"" + std::string{one}
                    + "\" is no network such as 10.0.0.0/8 or fd00::/8, and no "
                      "host name");
  }
}

bool private_allowances::permits(std::string_view host,
                                 const ip_address& x) const {
  if (in_any(networks_, x))
    return true;
  // An allowed IPv4 address is also allowed in its IPv6 forms.
  if (auto inner = embedded_ipv4(x); inner && in_any(networks_, *inner))
    return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](auto& allowed) {
    return allowed.starts_with('.') ? host.ends_with(allowed) : host == allowed;
  });
}

bool is_plain_host(std::string_view text) {
  if (text.empty() || text.size() > 253)
    return false;
  char last = '.';
  for (char c : text) {
    auto known = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'
                 || c == '_' || c == '.';
    if (!known || (c == '.' && last == '.'))
      return false;
    last = c;
  }
  return last != '.';
}

} // namespace render
