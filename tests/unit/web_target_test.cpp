// A URL as it is dialled, the proxy that it takes, and who may dial now.
#include "actors/io/http/admission.hpp"
#include "actors/io/http/proxy.hpp"
#include "actors/io/http/web_target.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace render;

namespace {

web_target read(std::string_view url) {
  auto out = read_web_target(url);
  BOOST_TEST_REQUIRE(out.has_value(), url);
  return *out;
}

std::string proxy_of(std::string_view url, std::string none_for) {
  return proxy_for({"http://plain:1", "http://secure:2", std::move(none_for)},
                   read(url));
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_url)

BOOST_AUTO_TEST_CASE(is_split_as_it_is_dialled) {
  auto x = read("HTTPS://user:pw@Images.Example.COM.:8443/a?b#c");
  BOOST_TEST(x.scheme == "https");
  BOOST_TEST(x.host == "images.example.com");
  BOOST_TEST(x.port == 8443);
  BOOST_TEST(!x.literal.has_value());
  BOOST_TEST(read("http://a.example").port == 80);
  BOOST_TEST(read("https://a.example").port == 443);
}

BOOST_AUTO_TEST_CASE(has_one_address_in_all_spellings) {
  for (auto* x : {"http://127.0.0.1/", "http://127.1/", "http://2130706433/",
                  "http://0177.0.0.1/", "http://0x7f000001/",
                  "http://0x7f.0.0.1/", "http://%31%32%37.0.0.1/",
                  "http://%31%32%37.1/", "http://images.example.com@127.0.0.1/",
                  "http://example.com\\@127.0.0.1/", "http://①②⑦.⓪.⓪.①/",
                  "http://１２７．０．０．１/", "http://127.0.0.1./"}) {
    // What is refused reaches nothing either.
    auto got = read_web_target(x);
    if (got)
      BOOST_TEST((got->literal == parse_ip("127.0.0.1")),
                 x << " is dialled as " << got->host);
  }
  BOOST_TEST((read("http://127.1/").literal == parse_ip("127.0.0.1")));
  BOOST_TEST((read("http://[::1]:8080/").literal == parse_ip("::1")));
  BOOST_TEST(read("http://[::ffff:127.0.0.1]/").literal.has_value());
}

BOOST_AUTO_TEST_CASE(may_hold_blanks_and_any_script) {
  BOOST_TEST(read(" http://a.example/My Recording.mp3?x=a b\n").url
             == "http://a.example/My%20Recording.mp3?x=a%20b");
  BOOST_TEST(read("http://a.example/ä").url == "http://a.example/%C3%A4");
  BOOST_TEST(read("http://a.example/%20?q=%2F&X-Amz=a%2Bb").url
             == "http://a.example/%20?q=%2F&X-Amz=a%2Bb");
  BOOST_TEST(read("http://Bücher.example/x").url
             == "http://xn--bcher-kva.example/x");
  BOOST_TEST(read("http://日本語.example/").host == "xn--wgv71a119e.example");
}

BOOST_AUTO_TEST_CASE(is_refused_without_being_told) {
  for (auto* x :
       {"", "x", "ftp://a.example/", "file:///etc/passwd", "http://",
        "http:///etc/passwd", "http:a", "gopher://a", "http://a.example:99999/",
        "http://a b/", "http://./x", "http://a.example:0/", "jdbc:http://a",
        "http://\x1b[31m", "http://user:secret@", "http://a.example/\x07"}) {
    auto got = read_web_target(x);
    BOOST_TEST(!got.has_value(), x);
    if (!got)
      BOOST_TEST(got.error().message == "not an http or https URL");
  }
}

BOOST_AUTO_TEST_CASE(is_told_without_path_and_user) {
  BOOST_TEST(origin_of("https://u:p@hooks.example/T000/secret?x")
             == "https://hooks.example");
  BOOST_TEST(origin_of("http://[::1]:80/x") == "http://[::1]");
  BOOST_TEST(origin_of("http://a.example:8080/x") == "http://a.example:8080");
  BOOST_TEST(origin_of("nonsense") == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_proxy)

BOOST_AUTO_TEST_CASE(is_chosen_by_scheme_and_exceptions) {
  BOOST_TEST(proxy_of("http://a.example/", "") == "http://plain:1");
  BOOST_TEST(proxy_of("https://a.example/", "") == "http://secure:2");
  BOOST_TEST(proxy_of("http://a.example/", "*") == "");
  BOOST_TEST(proxy_of("http://a.example/", "b.example, A.example") == "");
  BOOST_TEST(proxy_of("http://x.a.example/", ".a.example") == "");
  BOOST_TEST(proxy_of("http://xa.example/", "a.example") == "http://plain:1");
  BOOST_TEST(proxy_of("http://10.1.2.3/", "10.0.0.0/8") == "");
  BOOST_TEST(proxy_of("http://11.1.2.3/", "10.0.0.0/8") == "http://plain:1");
  BOOST_TEST(proxy_of("http://[::1]/", "::1") == "");
}

BOOST_AUTO_TEST_CASE(is_read_from_the_usual_variables) {
  std::map<std::string, std::string, std::less<>> env{
    {"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", "a"}, {"no_proxy", "b"}};
  auto variable = [&](std::string_view name) {
    auto found = env.find(name);
    return found == env.end() ? std::string{} : found->second;
  };
  BOOST_TEST((read_proxies(variable) == proxy_settings{"", "http://p:1", "b"}));
  env["ALL_PROXY"] = "socks5://q:2";
  BOOST_TEST((read_proxies(variable)
              == proxy_settings{"socks5://q:2", "http://p:1", "b"}));
}

BOOST_AUTO_TEST_CASE(is_dialled_by_its_own_name) {
  auto x = read_proxy("http://user:pw@Proxy.lan:3128/");
  BOOST_TEST(x.host == "proxy.lan");
  BOOST_TEST(x.port == 3128);
  BOOST_TEST(!x.wants_address);
  BOOST_TEST(read_proxy("proxy").port == 1080);
  BOOST_TEST(read_proxy("https://proxy").port == 443);
  BOOST_TEST(read_proxy("socks5://p:1").wants_address);
  BOOST_TEST(!read_proxy("socks5h://p:1").wants_address);
  BOOST_TEST(read_proxy("http://[::1]:3128").host == "::1");
  BOOST_TEST(read_proxy("http://p:x").host == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(places)

using ids = std::vector<uint64_t>;

BOOST_AUTO_TEST_CASE(are_given_to_hosts_in_turn) {
  admission x{4, 2};
  for (uint64_t id = 1; id <= 5; ++id)
    x.ask(id, "busy");
  x.ask(6, "other");
  x.ask(7, "third");
  BOOST_TEST((x.admit() == ids{1, 6, 7, 2}));
  BOOST_TEST(x.admit().empty());
  x.leave(6);
  // One host has two places at most.
  BOOST_TEST(x.admit().empty());
  x.leave(1);
  BOOST_TEST((x.admit() == ids{3}));
  x.ask(8, "fourth");
  BOOST_TEST((x.admit() == ids{8}));
  BOOST_TEST(x.open() == 4u);
}

BOOST_AUTO_TEST_CASE(are_free_again_when_all_have_left) {
  admission x{2, 1};
  for (uint64_t id = 1; id <= 6; ++id)
    x.ask(id, id % 2 ? "a" : "b");
  BOOST_TEST((x.admit() == ids{1, 2}));
  for (uint64_t id = 1; id <= 6; ++id)
    x.leave(id);
  x.leave(99);
  BOOST_TEST(x.open() == 0u);
  BOOST_TEST(x.admit().empty());
  x.ask(7, "a");
  BOOST_TEST((x.admit() == ids{7}));
}

BOOST_AUTO_TEST_SUITE_END()
