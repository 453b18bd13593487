// What a receiver can check.
#include "actors/webhook/signature.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::webhook_sender;

BOOST_AUTO_TEST_SUITE(signatures)

BOOST_AUTO_TEST_CASE(agree_with_the_published_vector) {
  auto keys = parse_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  BOOST_REQUIRE(keys);
  BOOST_TEST(sign(*keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                  R"({"test": 2432232314})")
             == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

BOOST_AUTO_TEST_CASE(are_one_for_each_key) {
  auto keys = parse_secrets(" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw "
                            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  BOOST_REQUIRE(keys);
  auto both = sign(*keys, "a", 1, "b");
  auto first = sign({keys->front()}, "a", 1, "b");
  auto second = sign({keys->back()}, "a", 1, "b");
  BOOST_TEST(first != second);
  BOOST_TEST(both == first + " " + second);
}

BOOST_AUTO_TEST_CASE(are_left_out_without_a_key) {
  auto keys = parse_secrets("  ");
  BOOST_REQUIRE(keys);
  BOOST_TEST(sign(*keys, "a", 1, "b").empty());
}

BOOST_AUTO_TEST_CASE(a_bad_secret_is_refused_and_not_repeated) {
  for (auto text :
       {"geheim", "secretly", "MfKQ9r8GKYqr", "whsec_", "whsec_abc",
        "whsec_####", "whsec_====", "whsec_MfKQ9r8GKYqr whsec_!!!!"}) {
    auto got = parse_secrets(text);
    BOOST_REQUIRE_MESSAGE(!got, text);
    BOOST_TEST((got.error().kind == failure_kind::invalid_input));
    BOOST_TEST(got.error().message.find("####") == std::string::npos);
    BOOST_TEST(got.error().message.find("MfKQ") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(padding_is_not_part_of_the_key) {
  BOOST_TEST(parse_secrets("whsec_YQ==")->front() == "a");
  BOOST_TEST(parse_secrets("whsec_YWI=")->front() == "ab");
  BOOST_TEST(parse_secrets("whsec_YWJj")->front() == "abc");
}

BOOST_AUTO_TEST_SUITE_END()
