// Frames between workers: what comes back as it was, what is left aside, and
// what is refused.
#include "actors/io/peers/wire.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::peers;

namespace {

word some_word() {
  word out;
  out.who = {"w1", 1'700'000'000'000};
  out.number = 7;
  out.state = standing::suspect;
  out.age_s = 1.5;
  out.where = {"10.0.0.1", 7400};
  out.version = "1.2.3";
  out.facts = R"({"slots":{"media:fast":2}})";
  return out;
}

template <class T>
T round_trip(const T& x) {
  auto got = decode(encode(x));
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(std::holds_alternative<T>(*got));
  return std::get<T>(*got);
}

std::string why_not(const std::string& text) {
  auto got = decode(text);
  return got ? "taken" : got.error().message;
}

// Frames as protocol 1 writes them. They may never change: an older worker
// still says them, and reads no others.
constexpr const char* recorded_hello
  = R"({"is":"hello","cluster":"prod","name":"w1","life":1700000000000,"at":"10.0.0.1:7400","version":"1.2.3","number":3,"answers":9})";
constexpr const char* recorded_news
  = R"({"is":"news","words":[{"name":"w1","life":1700000000000,"at":"10.0.0.1:7400","version":"1.2.3","number":7,"state":"suspect","age_ms":1500,"facts":{"slots":{"media:fast":2}}}]})";

} // namespace

BOOST_AUTO_TEST_SUITE(a_frame)

BOOST_AUTO_TEST_CASE(comes_back_as_it_was) {
  auto x = round_trip(hello{"prod", {"w1", 5}, {"::1", 7400}, "1", 3, 9});
  BOOST_TEST(x.cluster == "prod");
  BOOST_TEST((x.who == node_id{"w1", 5}));
  BOOST_TEST((x.where == address{"::1", 7400}));
  BOOST_TEST(x.number == 3u);
  BOOST_TEST(x.answers == 9u);
  BOOST_TEST(round_trip(refusal{"no \"way\"\n"}).why == "no \"way\"\n");
  BOOST_TEST(round_trip(bye{"leaves"}).why == "leaves");
  BOOST_TEST(round_trip(given{"w1", "w2"}).to == "w2");
  BOOST_TEST(round_trip(ping{9}).number == 9u);
  BOOST_TEST(round_trip(pong{9}).number == 9u);
  auto news_back = round_trip(news{{some_word(), some_word()}});
  BOOST_REQUIRE(news_back.words.size() == 2u);
  BOOST_TEST((news_back.words[1] == some_word()));
}

BOOST_AUTO_TEST_CASE(of_protocol_1_is_still_read_and_written) {
  hello greeting{
    "prod", {"w1", 1'700'000'000'000}, {"10.0.0.1", 7400}, "1.2.3", 3, 9};
  BOOST_TEST(encode(greeting) == recorded_hello);
  BOOST_TEST(encode(news{{some_word()}}) == recorded_news);
  BOOST_TEST(encode(refusal{"no"}) == R"({"is":"refusal","why":"no"})");
  BOOST_TEST(encode(bye{"so long"}) == R"({"is":"bye","why":"so long"})");
  BOOST_TEST(encode(ping{7}) == R"({"is":"ping","number":7})");
  BOOST_TEST(encode(pong{7}) == R"({"is":"pong","number":7})");
  BOOST_TEST(encode(given{"a", "b"})
             == R"({"is":"given","from":"a","to":"b"})");
  auto got = decode(recorded_news);
  BOOST_REQUIRE(got);
  BOOST_TEST((std::get<news>(*got).words.at(0) == some_word()));
}

BOOST_AUTO_TEST_CASE(of_a_newer_worker_is_read_as_far_as_it_is_known) {
  auto got = decode(R"({"is":"dance","steps":3})");
  BOOST_REQUIRE(got);
  BOOST_TEST(std::holds_alternative<unknown>(*got));
  got = decode(
    R"({"is":"news","hops":2,"words":[{"name":"w1","life":1,"at":"h:1","version":"2","number":7,"state":"alive","mood":"fine","facts":{"new":[1,{"a":null}]}}]})");
  BOOST_REQUIRE(got);
  // What is not known of passes through.
  BOOST_TEST(std::get<news>(*got).words.at(0).facts
             == R"({"new":[1,{"a":null}]})");
}

BOOST_AUTO_TEST_CASE(with_a_state_of_a_newer_worker_lacks_that_word_alone) {
  auto got = decode(
    R"({"is":"news","words":[{"name":"w1","life":1,"at":"h:1","number":7,"state":"resting","facts":{}},{"name":"w2","life":1,"at":"h:1","number":7,"state":"alive","facts":{}}]})");
  BOOST_REQUIRE(got);
  BOOST_REQUIRE(std::get<news>(*got).words.size() == 1u);
  BOOST_TEST(std::get<news>(*got).words[0].who.name == "w2");
}

BOOST_AUTO_TEST_CASE(has_ages_of_sane_size) {
  auto x = some_word();
  for (auto [age, read] : {std::pair{-5.0, 0.0}, std::pair{1e300, 3600.0}}) {
    x.age_s = age;
    BOOST_TEST(round_trip(news{{x}}).words.at(0).age_s == read);
  }
}

BOOST_AUTO_TEST_CASE(of_another_version_is_refused) {
  auto text = encode(ping{7});
  BOOST_TEST(decode(protocol, text).has_value());
  auto got = decode(protocol + 1, text);
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().kind == failure_kind::rejected));
  BOOST_TEST(got.error().message
             == "speaks version 2 of the protocol, this worker version 1");
}

BOOST_AUTO_TEST_CASE(that_is_garbage_is_refused) {
  for (
    const auto* text :
    {"", "x", "[]", "{}", R"({"is":5})", R"({"is":"hello"})",
     R"({"is":"hello","cluster":"c","name":"w","life":0,"at":"h:1"})",
     R"({"is":"hello","cluster":"c","name":"w","life":-1,"at":"h:1"})",
     R"({"is":"hello","cluster":"c","name":"","life":1,"at":"h:1"})",
     R"({"is":"hello","cluster":"c","name":"w","life":1,"at":"h"})",
     R"({"is":"hello","cluster":"c","name":"w","life":1,"at":"h:1"})",
     R"({"is":"given","from":"a"})", R"({"is":"news","words":5})",
     R"({"is":"news","words":[5]})",
     R"({"is":"news","words":[{"name":"w","life":1,"at":"h:1","number":1,"facts":{}}]})",
     R"({"is":"news","words":[{"name":"w","life":1,"at":"h:1","number":1,"state":"alive","facts":"no"}]})"})
    BOOST_TEST(why_not(text) != "taken", text);
  for (std::string whole : {recorded_news, recorded_hello})
    for (size_t i = 0; i < whole.size(); ++i)
      BOOST_TEST(why_not(whole.substr(0, i)) != "taken");
}

BOOST_AUTO_TEST_CASE(that_is_too_large_is_refused) {
  BOOST_TEST(why_not(std::string(longest_frame + 1, ' ')) != "taken");
  auto x = some_word();
  x.facts = R"({"a":")" + std::string(longest_facts, 'x') + "\"}";
  BOOST_TEST(why_not(encode(news{{x}})) != "taken");
  news many;
  many.words.assign(most_words + 1, some_word());
  BOOST_TEST(why_not(encode(many)) != "taken");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_address)

BOOST_AUTO_TEST_CASE(is_host_and_port) {
  BOOST_TEST((parse_address("a.b:1").value() == address{"a.b", 1}));
  BOOST_TEST((parse_address("[::1]:7400").value() == address{"::1", 7400}));
  BOOST_TEST(to_string(address{"::1", 7400}) == "[::1]:7400");
  BOOST_TEST(to_string(address{"h", 1}) == "h:1");
  for (const auto* text : {"", "a", "a:", ":1", "a:0", "a:65536", "a:1x",
                           "::1:7400", "a b:1", "http://a:1", "u@a:1"})
    BOOST_TEST(!parse_address(text), text);
}

BOOST_AUTO_TEST_CASE(of_any_length_is_refused_in_one_short_line) {
  auto got = parse_address(std::string(10'000, ':'));
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().message.size() < 400);
}

BOOST_AUTO_TEST_SUITE_END()
