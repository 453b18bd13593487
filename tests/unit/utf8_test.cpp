// What others have sent, made fit for a log: valid UTF-8, and short.
#include "messages/http.hpp"
#include "messages/utf8.hpp"

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
