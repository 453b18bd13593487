// What others have sent, made fit for a log: valid UTF-8, and short.
#include "messages/http.hpp"
#include "messages/text/printable.hpp"
#include "messages/text/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace render;

BOOST_AUTO_TEST_CASE(each_byte_that_is_no_utf8_is_replaced) {
  BOOST_TEST(valid_utf8("aé€😀") == "aé€😀");
  BOOST_TEST(valid_utf8("\xC3") == "\xEF\xBF\xBD");
  BOOST_TEST(valid_utf8("a\xFF\xC3\xA9\xE2\x82")
             == "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(characters_are_taken_one_by_one) {
  std::string_view text = "a\xE2\x82\xAC\xFF";
  BOOST_TEST(take_utf8(text) == "a");
  BOOST_TEST(take_utf8(text) == "\xE2\x82\xAC");
  BOOST_TEST(take_utf8(text) == "\xEF\xBF\xBD");
  BOOST_TEST(text.empty());
}

BOOST_AUTO_TEST_CASE(an_excerpt_is_one_line) {
  BOOST_TEST(excerpt("  <html>\n\t<body>\r\n up\x7f\x01! ")
             == "<html> <body> up !");
  BOOST_TEST(excerpt("") == "");
  BOOST_TEST(excerpt(" \n ") == "");
}

BOOST_AUTO_TEST_CASE(an_excerpt_says_that_it_is_one) {
  BOOST_TEST(excerpt("four", 4) == "four");
  BOOST_TEST(excerpt("fives", 4) == "five...");
  BOOST_TEST(excerpt("four\n", 4) == "four...");
  // A character of several bytes is never cut.
  BOOST_TEST(excerpt("abc€def", 4) == "abc€...");
  BOOST_TEST(excerpt("abc\xFF", 4) == "abc\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(
  an_excerpt_neither_steers_nor_turns_what_stands_around_it) {
  BOOST_TEST(excerpt("a\xC2\x9B"
                     "31mb\xE2\x80\xAE"
                     "c\xE2\x80\xA8"
                     "d\xE2\x81\xA6")
             == "a 31mb c d");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_printed_is_escaped) {
  BOOST_TEST(printable("plain é € 😀 \\") == "plain é € 😀 \\");
  BOOST_TEST(printable(std::string_view{"a\0b", 3}) == "a\\x00b");
  BOOST_TEST(printable("\r\n\t\x1b\x7f") == "\\x0d\\x0a\\x09\\x1b\\x7f");
  BOOST_TEST(printable("\xC2\x80\xC2\x9F\xC2\xA0") == "\\u{80}\\u{9f}\xC2\xA0");
  for (auto* x : {"\u061C", "\u200E", "\u200F", "\u2028", "\u2029", "\u202A",
                  "\u202E", "\u2066", "\u2069"})
    BOOST_TEST(printable(x).find("\\u{") == 0u);
  for (auto* x : {"\u061B", "\u200D", "\u2010", "\u2027", "\u202F", "\u2065",
                  "\u206A", "\U0001F600"})
    BOOST_TEST(printable(x) == x);
  BOOST_TEST(printable("a\xFF"
                       "b")
             == "a\xEF\xBF\xBD"
                "b");
  BOOST_TEST(printable("fives", 4) == "five...");
  BOOST_TEST(printable_lines("a\n\tb\x1b") == "a\n\tb\\x1b");
}

BOOST_AUTO_TEST_CASE(a_url_with_control_characters_is_none) {
  BOOST_TEST(is_web_url("http://a.example/b"));
  BOOST_TEST(is_web_url("http://a.example/\u00FCber"));
  for (auto* x : {"http://a.example/\x1b[2J", "http://a.example/\x07",
                  "http://a.example/\x7f", "http://a.example/\n",
                  "http://a.example/\xC2\x9B", "http://a.example/\u202E",
                  "http://a.example/a b"})
    BOOST_TEST(!is_web_url(x));
}
