// Digests and base64 against the vectors that their standards publish.
#define BOOST_TEST_MODULE digest
#include "messages/text/base64.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

#include <boost/test/unit_test.hpp>

#include <utility>

using namespace render;

BOOST_AUTO_TEST_SUITE(digest)

// FIPS 180-4, examples.
BOOST_AUTO_TEST_CASE(sha1_and_sha256_of_abc) {
  BOOST_TEST(to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  BOOST_TEST(
    to_hex(sha256("abc"))
    == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231, test cases 2 and 6 (a key longer than a block).
BOOST_AUTO_TEST_CASE(hmac_of_short_and_long_keys) {
  BOOST_TEST(
    to_hex(hmac_sha256("Jefe", "what do ya want for nothing?"))
    == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(
    to_hex(hmac_sha256(std::string(131, '\xaa'),
                       "Test Using Larger Than Block-Size Key - Hash Key "
                       "First"))
    == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// RFC 4648, section 10.
BOOST_AUTO_TEST_CASE(base64_of_the_published_texts) {
  std::pair<std::string_view, std::string_view> all[]
    = {{"", ""},
       {"f", "Zg=="},
       {"fo", "Zm8="},
       {"foo", "Zm9v"},
       {"foob", "Zm9vYg=="},
       {"fooba", "Zm9vYmE="},
       {"foobar", "Zm9vYmFy"}};
  for (auto& [plain, text] : all) {
    BOOST_TEST(to_base64(plain) == text);
    BOOST_TEST((from_base64(text) == plain));
  }
}

BOOST_AUTO_TEST_CASE(base64_of_any_bytes_and_lengths) {
  std::string bytes;
  for (auto i = 0; i < 300; ++i) {
    BOOST_TEST((from_base64(to_base64(bytes)) == bytes), i);
    bytes += static_cast<char>(255 - i % 256);
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_base64) {
  for (std::string_view text :
       {"    Zg==", "Zg", "Zg=", "Z===", "====", "=Zg=", "Z=g=", "Zm9v=Zg=",
        "Zm!v", "Zm-_", " Zg=", "Zg=\n", "Zm9vY===", "Zm9v\r\nYg", "Zm9v----",
        "Zm9vYg--", "----"})
    BOOST_TEST(!from_base64(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
