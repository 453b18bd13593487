// Addresses and networks, and which of them a stranger's URL may reach.
#include "actors/io/http/networks.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

namespace {

/// An IPv4 address behind these bytes, and zeros.
ip_address behind(const ip_address& x, std::initializer_list<uint8_t> first,
                  size_t at) {
  ip_address out;
  out.v6 = true;
  std::copy(first.begin(), first.end(), out.bytes.begin());
  std::copy_n(x.bytes.begin(), 4, out.bytes.begin() + static_cast<long>(at));
  return out;
}

/// As RFC 4291, 6052, 3056, 5214 and 2765 write it.
std::vector<ip_address> disguises_of(const ip_address& x) {
  return {behind(x, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12),
          behind(x, {}, 12),
          behind(x, {0, 0x64, 0xff, 0x9b}, 12),
          behind(x, {0x20, 0x02}, 2),
          behind(x, {0x26, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x5e, 0xfe}, 12),
          behind(x, {0x26, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x5e, 0xfe}, 12),
          behind(x, {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0}, 12)};
}

void check(const ip_address& x) {
  must(parse_ip(to_string(x)) == x, "an address that is written reads again");
  ip_network all{x, 0};
  ip_network one{x, x.v6 ? 128u : 32u};
  must(all.contains(x) && one.contains(x), "networks contain their base");
  if (auto inner = embedded_ipv4(x))
    must(!inner->v6 && (is_public(*inner) || !is_public(x)),
         "an address in disguise is no better than itself");
  if (x.v6)
    return;
  for (auto& disguise : disguises_of(x)) {
    must(embedded_ipv4(disguise) == x, "an address in disguise is seen");
    must(is_public(x) || !is_public(disguise),
         "a disguise makes no address public");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto list = fuzz::take_line(text);
  if (auto x = parse_ip(text))
    check(*x);
  if (auto x = parse_network(text)) {
    check(x->base);
    must(x->contains(x->base), "a network contains its base");
    must(x->bits <= (x->base.v6 ? 128u : 32u), "a network has few bits");
  }
  if (size >= 16) {
    ip_address raw{true, {}};
    std::copy_n(data, 16, raw.bytes.begin());
    check(raw);
    ip_address four;
    std::copy_n(data, 4, four.bytes.begin());
    check(four);
  }
  must(!is_plain_host(text) || text.find_first_of("/:@[] ") == text.npos,
       "a plain host is nothing else");
  auto allowed = private_allowances::parse(list);
  if (!allowed)
    return 0;
  ip_address metadata{false, {169, 254, 169, 254}};
  must(!allowed->empty() || !allowed->permits("evil.example", metadata),
       "an empty list allows nothing");
  return 0;
}
