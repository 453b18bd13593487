#include "actors/io/peers/address.hpp"

#include "messages/text/printable.hpp"

#include <charconv>

namespace render::peers {

namespace {

constexpr size_t longest_host = 253;

tl::unexpected<failure> refuse(std::string_view text, std::string_view why) {
  return fail(failure_kind::invalid_input, "\"" + printable(text, longest_host)
                                             + "\" " + std::string{why}
                                             + "; a peer is host:port");
}

} // namespace

std::string to_string(const address& x) {
  auto host = x.host.find(':') == std::string::npos ? x.host
                                                    : "[" + x.host + "]";
  return host + ":" + std::to_string(x.port);
}

result<address> parse_address(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return refuse(text, "has no port");
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return refuse(text, "has an IPv6 address without brackets");
  if (host.empty() || host.size() > longest_host)
    return refuse(text, "has no host");
  for (unsigned char c : host)
    if (c <= ' ' || c >= 0x7f || c == '/' || c == '@')
      return refuse(text, "has a host with a character that no host has");
  auto digits = text.substr(colon + 1);
  uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(),
                                      digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return refuse(text, "has no port from 1 to 65535");
  return address{std::string{host}, port};
}

} // namespace render::peers
