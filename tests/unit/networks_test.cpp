// Which addresses a stranger's URL may reach.
#include "actors/io/http/networks.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

bool open_to_all(std::string_view text) {
  auto x = parse_ip(text);
  BOOST_TEST_REQUIRE(x.has_value(), text);
  return is_public(*x);
}

ip_address v4_of(uint32_t number) {
  ip_address out;
  for (size_t i = 0; i < 4; ++i)
    out.bytes[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  return out;
}

/// The same IPv4 address behind 12 bytes of prefix.
ip_address behind(const char* prefix, const ip_address& v4, size_t at = 12) {
  auto out = parse_ip(prefix).value();
  std::copy_n(v4.bytes.begin(), 4,
              out.bytes.begin() + static_cast<ptrdiff_t>(at));
  return out;
}

private_allowances allowed(std::string_view text) {
  auto out = private_allowances::parse(text);
  BOOST_TEST_REQUIRE(out.has_value(), text);
  return *out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_address)

BOOST_AUTO_TEST_CASE(is_public_when_it_is_anybodys) {
  for (auto* x : {"1.1.1.1",           "8.8.8.8",          "9.255.255.255",
                  "11.0.0.0",          "100.63.255.255",   "100.128.0.0",
                  "126.255.255.255",   "128.0.0.0",        "169.253.255.255",
                  "169.255.0.0",       "172.15.255.255",   "172.32.0.0",
                  "192.167.255.255",   "192.169.0.0",      "198.17.255.255",
                  "198.20.0.0",        "223.255.255.255",  "2606:4700::1111",
                  "2a00:1450:4001::1", "2000::1",          "2001:200::1",
                  "[2606:4700::1111]", "64:ff9b::8.8.8.8", "2002:808:808::1",
                  "3ffd:ffff::1",      "3fff:1000::1"})
    BOOST_TEST(open_to_all(x), x);
}

BOOST_AUTO_TEST_CASE(is_not_public_when_it_is_of_a_special_network) {
  for (auto* x : {"0.0.0.0",
                  "0.255.255.255",
                  "10.0.0.0",
                  "10.255.255.255",
                  "100.64.0.0",
                  "100.127.255.255",
                  "127.0.0.1",
                  "127.255.255.255",
                  "169.254.0.0",
                  "169.254.169.254",
                  "172.16.0.0",
                  "172.31.255.255",
                  "192.0.0.1",
                  "192.0.2.1",
                  "192.88.99.1",
                  "192.168.0.0",
                  "192.168.255.255",
                  "198.18.0.0",
                  "198.19.255.255",
                  "198.51.100.1",
                  "203.0.113.1",
                  "224.0.0.1",
                  "239.255.255.255",
                  "240.0.0.1",
                  "255.255.255.255",
                  "::",
                  "::1",
                  "fe80::1",
                  "febf::1",
                  "fec0::1",
                  "fc00::1",
                  "fd00:ec2::254",
                  "fdff::1",
                  "ff02::1",
                  "2001::1",
                  "2001:1ff:ffff::1",
                  "2001:db8::1",
                  "3fff::1",
                  "3ffe::1",
                  "100::1",
                  "64:ff9b:1::1",
                  "5f00::1",
                  "2620:4f:8000::1",
                  "1fff::1",
                  "4000::1"})
    BOOST_TEST(!open_to_all(x), x);
}

// Each /16 of IPv4, at both of its ends, in each IPv6 form that leads there.
BOOST_AUTO_TEST_CASE(is_no_better_in_another_form) {
  for (uint32_t block = 0; block < 0x10000; ++block)
    for (uint32_t last : {0u, 0xffffu}) {
      auto v4 = v4_of(block << 16 | last);
      auto mapped = behind("::ffff:0:0", v4);
      auto translated = behind("::ffff:0:0:0", v4);
      auto compatible = behind("::", v4);
      auto nat64 = behind("64:ff9b::", v4);
      auto sixtofour = behind("2002::", v4, 2);
      auto isatap = behind("2606:4700::5efe:0:0", v4);
      auto good = is_public(v4);
      if (is_public(mapped) || is_public(compatible) || is_public(translated)
          || is_public(nat64) != good || is_public(sixtofour) != good
          || is_public(isatap) != good)
        BOOST_FAIL(to_string(v4));
    }
}

BOOST_AUTO_TEST_CASE(is_read_in_its_one_spelling_only) {
  for (auto* x :
       {"127.1", "2130706433", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1",
        "1.2.3", "1.2.3.4.5", "1.2.3.256", "", "localhost", "fe80::1%eth0",
        "1.2.3.4 ", " 1.2.3.4", ":::", "[", "[]", "[1.2.3.4"})
    BOOST_TEST(!parse_ip(x).has_value(), x);
  BOOST_TEST(!parse_ip(std::string_view{"1.2.3.4\0", 8}).has_value());
  BOOST_TEST(to_string(parse_ip("[::FFFF:1.2.3.4]").value())
             == "::ffff:1.2.3.4");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_network)

BOOST_AUTO_TEST_CASE(holds_what_begins_as_it_does) {
  auto in = [](std::string_view network, std::string_view x) {
    return parse_network(network).value().contains(parse_ip(x).value());
  };
  BOOST_TEST(in("0.0.0.0/0", "255.255.255.255"));
  BOOST_TEST(!in("0.0.0.0/0", "::"));
  BOOST_TEST(in("10.1.2.3", "10.1.2.3"));
  BOOST_TEST(!in("10.1.2.3", "10.1.2.2"));
  BOOST_TEST(in("10.0.0.0/9", "10.127.255.255"));
  BOOST_TEST(!in("10.0.0.0/9", "10.128.0.0"));
  BOOST_TEST(in("fd00::/127", "fd00::1"));
  BOOST_TEST(!in("fd00::/127", "fd00::2"));
  BOOST_TEST(in("::1/128", "::1"));
}

BOOST_AUTO_TEST_CASE(is_refused_when_it_is_none) {
  for (auto* x : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1",
                  "10.0.0/8", "/8", "10.0.0.0/8 ", "10.0.0.0/8/8"})
    BOOST_TEST(!parse_network(x).has_value(), x);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_allowance)

BOOST_AUTO_TEST_CASE(is_of_networks_and_names) {
  auto x = allowed("127.0.0.0/8, ::1 MinIO.lan,.corp.example");
  auto at = [](std::string_view text) {
    return parse_ip(text).value();
  };
  BOOST_TEST(x.permits("anything", at("127.0.0.1")));
  BOOST_TEST(x.permits("anything", at("::ffff:127.0.0.1")));
  BOOST_TEST(x.permits("anything", at("::1")));
  BOOST_TEST(x.permits("minio.lan", at("10.0.0.1")));
  BOOST_TEST(x.permits("a.corp.example", at("10.0.0.1")));
  BOOST_TEST(!x.permits("corp.example", at("10.0.0.1")));
  BOOST_TEST(!x.permits("acorp.example", at("10.0.0.1")));
  BOOST_TEST(!x.permits("x.minio.lan", at("10.0.0.1")));
  BOOST_TEST(!x.permits("other", at("10.0.0.1")));
  BOOST_TEST(!x.permits("other", at("::2")));
  BOOST_TEST(allowed("").empty());
  BOOST_TEST(allowed(" , ").empty());
  BOOST_TEST(!allowed("").permits("localhost", at("127.0.0.1")));
}

BOOST_AUTO_TEST_CASE(that_cannot_be_read_is_refused) {
  for (auto* x : {"10.0.0.0/33", "10.0.0", "2130706433", "http://a", "a b/8",
                  "host:80", "*", "..", ".", "a..b", "user@a"})
    BOOST_TEST(!private_allowances::parse(x).has_value(), x);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_plain_host_is_nothing_but_a_host) {
  for (auto* x : {"gpu-1.comput3.ai", "127.0.0.1", "a", "A_b", "8123"})
    BOOST_TEST(is_plain_host(x), x);
  for (auto* x : {"", ".", "a.", ".a", "a..b", "a:80", "a/b", "u@a", "a b",
                  "[::1]", "a\n", "a%2f", "ä", "{node}", "a?b", "a#b", "a\\b"})
    BOOST_TEST(!is_plain_host(x), x);
  BOOST_TEST(!is_plain_host(std::string(254, 'a')));
}
