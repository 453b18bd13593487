// `.env` files as python-dotenv reads them, and names that mean nothing.
#include "app/node/config.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

std::string value(const std::string& text, const environment& around = {}) {
  auto values = read_env_file(text, around).values;
  auto at = values.find("A");
  return at == values.end() ? "(unset)" : at->second;
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_env_file)

BOOST_AUTO_TEST_CASE(may_begin_with_a_byte_order_mark) {
  BOOST_TEST(value("\xef\xbb\xbf"
                   "A=1\r\n")
             == "1");
}

BOOST_AUTO_TEST_CASE(has_escapes_in_double_quotes) {
  BOOST_TEST(value(R"(A="x\ny\t\"z\" \\ \q")") == "x\ny\t\"z\" \\ \\q");
  BOOST_TEST(value(R"(A='x\ny \' \\')") == "x\\ny ' \\");
  BOOST_TEST(value(R"(A=x\ny)") == "x\\ny");
}

BOOST_AUTO_TEST_CASE(has_comments_after_a_blank_alone) {
  BOOST_TEST(value("A=#x") == "#x");
  BOOST_TEST(value("A=#x #y") == "#x");
  BOOST_TEST(value("A=#") == "#");
  BOOST_TEST(value("A=x#y") == "x#y");
  BOOST_TEST(value("A=x # y") == "x");
  BOOST_TEST(value("A= # x") == "");
  BOOST_TEST(value("A=\t#x") == "");
}

BOOST_AUTO_TEST_CASE(has_values_over_lines_in_quotes) {
  auto got = read_env_file("A=\"one\ntwo\" # c\nB=3\nnonsense here\n", {});
  BOOST_TEST(got.values.at("A") == "one\ntwo");
  BOOST_TEST(got.values.at("B") == "3");
  BOOST_REQUIRE_EQUAL(got.warnings.size(), 1u);
  BOOST_TEST(got.warnings[0].starts_with("line 4 "));
}

BOOST_AUTO_TEST_CASE(puts_in_what_is_set_elsewhere) {
  environment around{{"HOME", "/root"}, {"B", "outer"}};
  BOOST_TEST(value("A=${HOME}/x", around) == "/root/x");
  BOOST_TEST(value("B=inner\nA=${B}", around) == "outer");
  BOOST_TEST(value("B=inner\nA=${B}") == "inner");
  BOOST_TEST(value("A=${NONE}") == "");
  BOOST_TEST(value("A=${NONE:-d e}!") == "d e!");
  BOOST_TEST(value("A=${HOME:-d}", around) == "/root");
  BOOST_TEST(value("A=\"${HOME}\"", around) == "/root");
  BOOST_TEST(value("A=$HOME ${ ${x") == "$HOME ${ ${x");
  BOOST_TEST(value("A=${x:y}") == "${x:y}");
}

BOOST_AUTO_TEST_CASE(sets_no_name_that_stands_alone) {
  auto got = read_env_file("A\nB=1\n", {});
  BOOST_TEST(!got.values.contains("A"));
  BOOST_TEST(got.values.at("B") == "1");
  BOOST_TEST(got.warnings.size() == 1u);
}

BOOST_AUTO_TEST_CASE(leaves_out_what_it_cannot_read_and_goes_on) {
  for (auto* bad : {"A=\"never closed", "A='x' y", "= 1", "1A=2", "A B=1"}) {
    auto got = read_env_file(std::string{bad} + "\nB=1\n", {});
    BOOST_TEST(!got.values.contains("A"), bad);
    BOOST_TEST(got.values.at("B") == "1");
    BOOST_REQUIRE_EQUAL(got.warnings.size(), 1u);
    BOOST_TEST(got.warnings[0].starts_with("line 1 "));
  }
}

BOOST_AUTO_TEST_CASE(survives_every_beginning_of_itself) {
  std::string text = "\xef\xbb\xbf export A=\"x\\n${B:-y}\" # c\r\nC='d\ne'\n";
  for (size_t n = 0; n <= text.size(); ++n)
    read_env_file(text.substr(0, n), {});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(that_are_unknown_are_warned_of) {
  auto got = name_warnings({{"MAX_GPU", "3"},
                            {"MAX_GPUS", "3"},
                            {"POSTGRES_URL", "x"},
                            {"HTTPS_PROXY", "x"}},
                           {{"MAX_GPUZ", "1"}});
  BOOST_REQUIRE_EQUAL(got.size(), 2u);
  BOOST_TEST(got[0]
             == "MAX_GPU is no setting and is ignored: did you mean MAX_GPUS?");
  BOOST_TEST(got[1].starts_with("POSTGRES_URL: "));
}

BOOST_AUTO_TEST_CASE(of_the_python_worker_are_told_once) {
  auto got = name_warnings({{"GPU_WORKER_DELAY", "1"}},
                           {{"LOCK_RETRY_INTERVAL", "1"}});
  BOOST_REQUIRE_EQUAL(got.size(), 1u);
  BOOST_TEST(got[0].starts_with("GPU_WORKER_DELAY, LOCK_RETRY_INTERVAL: "));
}

BOOST_AUTO_TEST_SUITE_END()
