// What a producer's URL becomes before anybody asks for it.
#include "messages/text/web_url.hpp"

#include <boost/test/unit_test.hpp>

#include <utility>
#include <vector>

using namespace render;

BOOST_AUTO_TEST_SUITE(a_url_of_a_producer)

BOOST_AUTO_TEST_CASE(is_encoded_as_requests_does) {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"http://a.example", "http://a.example"},
    {"http://a.example/a b.mp3", "http://a.example/a%20b.mp3"},
    {"  http://a.example/x \n", "http://a.example/x"},
    {"http://a.example?q=a b#c d", "http://a.example?q=a%20b#c%20d"},
    {"http://a.example/%20%2f%zz%4", "http://a.example/%20%2f%25zz%254"},
    {"http://a.example/100%", "http://a.example/100%25"},
    {"http://a.example/\xC3\xBC", "http://a.example/%C3%BC"},
    {"http://b\xC3\xBC.example/x", "http://b\xC3\xBC.example/x"},
    {"http://a.example/!#$&'()*+,/:;=?@[]~-._",
     "http://a.example/!#$&'()*+,/:;=?@[]~-._"},
    {"http://a.example/\"<>\\^`{|}",
     "http://a.example/%22%3C%3E%5C%5E%60%7B%7C%7D"},
    {"http://a b/c d", "http://a b/c%20d"},
    {"http://u:p@a.example:80/x y", "http://u:p@a.example:80/x%20y"},
    {"no url at all", "no url at all"},
    {"", ""},
    {"   ", ""}};
  for (auto& [raw, expected] : cases)
    BOOST_TEST(normalized_url(raw) == expected);
}

BOOST_AUTO_TEST_CASE(is_the_same_when_it_is_encoded_twice) {
  for (std::string x : {"http://a.example/a b%2", "http://a.example/\xFF?%%20",
                        " http://a.example/\xC3\xBC "})
    BOOST_TEST(normalized_url(normalized_url(x)) == normalized_url(x));
}

BOOST_AUTO_TEST_CASE(keeps_control_characters_for_others_to_refuse) {
  BOOST_TEST(normalized_url("http://a.example/\x1b[1m\t")
             == "http://a.example/\x1b[1m");
}

BOOST_AUTO_TEST_SUITE_END()
