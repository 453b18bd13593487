// JSON from outside: what is no JSON, too deep or no UTF-8 is refused, and
// says where.
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

using namespace render;

namespace {

std::string nested(int levels, const std::string& inner) {
  return std::string(static_cast<size_t>(levels), '[') + inner
         + std::string(static_cast<size_t>(levels), ']');
}

std::string refusal(const std::string& text) {
  auto got = json::parse(text);
  BOOST_REQUIRE_MESSAGE(!got, text);
  BOOST_TEST((got.error().kind == failure_kind::invalid_input));
  return got.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_document_keeps_what_it_was_given) {
  auto got = json::parse(R"( {"a":{"b":[1,2.5,true,null,"\u00e9"]},"c":"é"} )");
  BOOST_REQUIRE(got);
  auto* list = json::find(*got, "a", "b");
  BOOST_REQUIRE(list && list->IsArray());
  BOOST_TEST(json::to_text(*list) == R"([1,2.5,true,null,"é"])");
  BOOST_TEST(json::string_or_empty(*got, "c") == "é");
}

BOOST_AUTO_TEST_CASE(a_document_may_outlive_its_text) {
  auto text = R"({"name":")" + std::string(200'000, 'x') + R"("})";
  auto got = json::parse(text);
  text.assign(text.size(), '?');
  BOOST_REQUIRE(got);
  BOOST_TEST(json::string_or_empty(*got, "name").size() == 200'000u);
  BOOST_TEST(json::string_or_empty(*got, "name").find('?')
             == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_copy_may_outlive_its_document) {
  json::document copy;
  {
    auto got = json::parse(R"({"name":"short","other":"not so short a name"})");
    BOOST_REQUIRE(got);
    copy.CopyFrom(*got, copy.GetAllocator());
    for (auto& x : got->GetObject())
      std::fill_n(const_cast<char*>(x.value.GetString()),
                  x.value.GetStringLength(), '?');
  }
  BOOST_TEST(json::to_text(copy)
             == R"({"name":"short","other":"not so short a name"})");
}

BOOST_AUTO_TEST_CASE(nesting_ends_at_a_hundred_levels) {
  BOOST_TEST(json::parse(nested(100, "")).has_value());
  BOOST_TEST(json::parse(nested(99, "{}")).has_value());
  for (auto& deep : {nested(101, ""), nested(100, "{}"),
                     std::string(1'000'000, '['), nested(101, R"("é")")})
    BOOST_TEST(refusal(deep).find("100 levels") != std::string::npos);
  // Brackets side by side, and in a string, are not deep.
  std::string wide = "[";
  for (int i = 0; i < 1'000; ++i)
    wide += R"({"a":["[[[{{{"]},)";
  BOOST_TEST(json::parse(wide + "0]").has_value());
}

// 60 MB of "[]" made 780 MB of values.
BOOST_AUTO_TEST_CASE(a_document_has_at_most_a_million_values) {
  auto list = [](const std::string& element, size_t count) {
    std::string out = "[";
    for (size_t i = 0; i < count; ++i)
      out += element + ',';
    return out + "0]";
  };
  BOOST_TEST(json::parse(list("[]", 999'998)).has_value());
  for (auto* x : {"[]", "{}", "0", "-7", "1e3", "5000000000", "-5000000000",
                  "18446744073709551615", "null", "true", R"("x")"})
    BOOST_TEST(
      refusal(list(x, 999'999)).find("1000000 values") != std::string::npos, x);
  BOOST_TEST(refusal(list(R"({"a":0})", 333'334)).find("1000000 values")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_utf8_is_text) {
  for (std::string bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"})
    for (auto padding : {0, 1, 7, 8, 9, 64})
      refusal('"' + std::string(static_cast<size_t>(padding), 'a') + bytes
              + '"');
}

BOOST_AUTO_TEST_CASE(half_a_surrogate_pair_is_a_replacement_character) {
  const std::string replaced = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> cases{
    {R"("\ud800")", replaced},
    {R"("\udc00")", replaced},
    {R"("a\uD83Db")", "a" + replaced + "b"},
    {R"("\ud83d\ud83d\ude00")", replaced + "\xF0\x9F\x98\x80"},
    {R"("\\ud83d")", "\\ud83d"},
    {R"("\ud83d\n")", replaced + "\n"}};
  for (auto& [text, expected] : cases) {
    auto got = json::parse(text);
    BOOST_REQUIRE_MESSAGE(got, text);
    BOOST_TEST(got->GetString() == expected);
  }
  refusal(R"("\ud83)");
  refusal(R"("\ud8)");
  // The last letters before them, and Hangul, which begins with ED too.
  BOOST_TEST(json::parse("\"\xed\x9f\xbf\xed\x95\x9c\"").has_value());
}

BOOST_AUTO_TEST_CASE(no_number_is_infinite) {
  for (auto* text : {"184231e308", "-17.5e308", "[1e309]", "1e999"}) {
    BOOST_TEST(!json::parse(text), text);
  }
  BOOST_TEST(json::parse("1e308").has_value());
}

BOOST_AUTO_TEST_CASE(a_number_stays_as_it_came) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 20'000; ++i) {
    double x = 0;
    auto bits = random();
    std::memcpy(&x, &bits, sizeof x);
    if (!std::isfinite(x))
      continue;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.17g", x);
    auto read = json::parse(text.data());
    BOOST_TEST_REQUIRE(read.has_value(), text.data());
    auto written = json::to_text(*read);
    BOOST_TEST(json::parse(written)->GetDouble() == x, written);
  }
}

BOOST_AUTO_TEST_CASE(a_number_has_the_type_that_fits_it) {
  auto read = [](const char* text) {
    return std::move(*json::parse(text));
  };
  BOOST_TEST(read("-7").GetInt() == -7);
  BOOST_TEST(read("-0").GetInt() == 0);
  BOOST_TEST(read("9223372036854775807").GetInt64() == INT64_MAX);
  BOOST_TEST(read("18446744073709551615").GetUint64() == UINT64_MAX);
  BOOST_TEST(read("18446744073709551616").IsDouble());
  BOOST_TEST(read("[1.0]")[0].IsDouble());
  BOOST_TEST(read("0.0e7").GetDouble() == 0);
  BOOST_TEST(read("1e-999").GetDouble() == 0);
  BOOST_TEST(read("-1.5e-3").GetDouble() == -0.0015);
  BOOST_TEST(read("{\"a\":12,\"b\":3}")["a"].GetUint() == 12u);
  for (auto* text : {"01", "-", "1.", ".5", "+1", "1e", "0x10", "1_0"})
    refusal(text);
}

BOOST_AUTO_TEST_CASE(python_has_numbers_that_json_has_not) {
  auto text = "[NaN,Infinity,-Infinity]";
  BOOST_TEST(json::to_text(*json::parse_as_python(text)) == text);
  refusal("[NaN]");
  refusal("[1e999]");
  for (auto* other : {"[nan]", "[Infin]", "[INFINITY]", "[N]"})
    BOOST_TEST(!json::parse_as_python(other).has_value(), other);
}

// RapidJSON's own way to read them is off by a little each time.
BOOST_AUTO_TEST_CASE(numbers_are_exact_beside_those_of_python) {
  std::string many{"[NaN,"};
  for (size_t digits = 20; digits < 120; ++digits)
    many += std::string(digits, '5') + "," + std::string(digits, '1') + ",";
  many += "0.1]";
  auto once = json::to_text(*json::parse_as_python(many));
  BOOST_TEST(json::to_text(*json::parse_as_python(once)) == once);
}

BOOST_AUTO_TEST_CASE(an_error_says_where) {
  BOOST_TEST(refusal(R"({"a":1,})").find("byte 7") != std::string::npos);
  BOOST_TEST(refusal("").find("byte 0") != std::string::npos);
  BOOST_TEST(refusal("{} {}").find("byte 3") != std::string::npos);
  BOOST_TEST(refusal("\xef\xbb\xbf[1,]").find("byte 6") != std::string::npos);
  refusal("<html>");
  refusal("{\"a\":1");
}

BOOST_AUTO_TEST_CASE(a_zero_byte_is_not_the_end) {
  using namespace std::string_literals;
  BOOST_TEST(refusal("{} \0 {}"s).find("byte 3") != std::string::npos);
  refusal("[1,2\0]"s);
  refusal("\"a\0b\""s);
  refusal("\0"s);
  auto escaped = json::parse(R"(["a\u0000b"])");
  BOOST_REQUIRE(escaped);
  BOOST_TEST((*escaped)[0].GetStringLength() == 3u);
}

// RapidJSON 1.1.0 fails here when it takes sixteen bytes at a time.
BOOST_AUTO_TEST_CASE(a_string_is_itself_wherever_it_stands) {
  for (std::string odd : {"", "\"", "\\", "\n", "\x1f", "\x7f", "é", "\u20ac"})
    for (size_t before = 0; before < 35; ++before)
      for (size_t after : {0, 1, 15, 16, 17, 33}) {
        auto text = std::string(before, 'a') + odd + std::string(after, 'b');
        auto got = json::parse(std::string(before, ' ') + '['
                               + json::quote(text) + std::string(after, '\n')
                               + ']');
        BOOST_REQUIRE(got);
        BOOST_REQUIRE((*got)[0].IsString());
        auto& x = (*got)[0];
        BOOST_TEST((std::string{x.GetString(), x.GetStringLength()}) == text);
        // Control characters have to be escaped.
        for (auto control : {'\n', '\x1f'})
          BOOST_TEST(!json::parse('"' + std::string(before, 'a') + control
                                  + std::string(after, 'b') + '"'));
      }
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_skipped) {
  auto got = json::parse("\xef\xbb\xbf{\"a\":\"\xc3\xa9\"}");
  BOOST_REQUIRE(got);
  BOOST_TEST(json::string_or_empty(*got, "a") == "\xc3\xa9");
}
