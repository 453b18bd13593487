// URLs as people write them, and as they are sent.
#include "messages/web_url.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(what_is_right_stays_as_it_is) {
  for (auto x :
       {"http://a.example", "https://a.example/b/c.mp3",
        "HTTPS://u:p@a.example:81/b?x=1&y=%2F%c3%A9+z#f", "http://[::1]:80/",
        "http://a.example?q", "http://a.example/!$&'()*+,;=:@[]-._~",
        "http://b\xc3\xbc"
        "cher.example/x"})
    BOOST_TEST(normal_web_url(x) == x);
}

BOOST_AUTO_TEST_CASE(blanks_and_accents_are_encoded_once) {
  const std::pair<std::string, std::string> cases[]
    = {{"http://a.example/My Recording.mp3",
        "http://a.example/My%20Recording.mp3"},
       {" \t\nhttp://a.example/b ", "http://a.example/b%20"},
       {"http://a.example/a%20b c", "http://a.example/a%20b%20c"},
       {"http://a.example/100%.mp3", "http://a.example/100%25.mp3"},
       {"http://a.example/%", "http://a.example/%25"},
       {"http://a.example/%4", "http://a.example/%254"},
       {"http://a.example/%zz", "http://a.example/%25zz"},
       {"http://a.example/\xc3\xa9", "http://a.example/%C3%A9"},
       {"http://a.example?q=a b", "http://a.example?q=a%20b"},
       {"http://a.example/\"<>\\^`{|}",
        "http://a.example/%22%3C%3E%5C%5E%60%7B%7C%7D"}};
  for (auto& [from, to] : cases) {
    BOOST_TEST(normal_web_url(from) == to);
    BOOST_TEST(normal_web_url(to) == to);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_web_url_is_nothing) {
  for (auto& x :
       {""s, " "s, "a.example/b"s, "ftp://a.example/"s, "http://"s,
        "http:///etc/passwd"s, "http://?q"s, "http://#f"s, "http:// a/"s,
        "http://a b/"s, "http://a.example "s, "http://a\\@127.0.0.1/"s,
        "http://a.example/\x1b[2J"s, "http://a.example/b\n"s,
        "http://a.example/\0"s, "http://a.example/\x7f"s, "java script://a/b"s})
    BOOST_TEST(normal_web_url(x).empty(), x);
}
