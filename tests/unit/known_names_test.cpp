// Host names and their addresses, without a look-up.
#include "actors/io/http/known_names.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace std::chrono_literals;

namespace {

const known_names::clock::time_point t0{1h};

const name_resolver::found none = fail(failure_kind::unavailable, "unknown");

name_resolver::found some() {
  return std::vector<ip_address>(2);
}

known_names names() {
  return {60s, 10s};
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_name)

BOOST_AUTO_TEST_CASE(has_its_addresses_for_a_while) {
  auto x = names();
  BOOST_TEST(!x.find("a", t0));
  BOOST_TEST(x.begin_look_up("a", t0));
  x.end_look_up("a", some(), t0);
  BOOST_REQUIRE(x.find("a", t0 + 59s));
  BOOST_TEST(x.find("a", t0 + 59s)->size() == 2u);
  BOOST_TEST(!x.find("b", t0));
  BOOST_TEST(!x.find("a", t0 + 60s));
}

BOOST_AUTO_TEST_CASE(is_looked_up_once_at_a_time) {
  auto x = names();
  BOOST_TEST(x.begin_look_up("a", t0));
  BOOST_TEST(!x.begin_look_up("a", t0 + 9s));
  BOOST_TEST(x.begin_look_up("b", t0 + 9s));
  x.end_look_up("a", none, t0 + 9s);
  BOOST_TEST(!x.find("a", t0 + 9s));
  BOOST_TEST(x.begin_look_up("a", t0 + 9s));
}

BOOST_AUTO_TEST_CASE(that_hangs_takes_two_look_ups_and_no_more) {
  auto x = names();
  BOOST_TEST(x.begin_look_up("a", t0));
  BOOST_TEST(x.begin_look_up("a", t0 + 10s));
  BOOST_TEST(!x.begin_look_up("a", t0 + 1h));
  x.end_look_up("a", some(), t0 + 1h);
  BOOST_TEST(x.find("a", t0 + 1h));
  BOOST_TEST(x.begin_look_up("a", t0 + 2h));
}

BOOST_AUTO_TEST_CASE(is_forgotten_when_there_are_too_many) {
  auto x = names();
  auto know = [&](const std::string& host, known_names::clock::time_point now) {
    BOOST_REQUIRE(x.begin_look_up(host, now));
    x.end_look_up(host, some(), now);
  };
  for (size_t i = 0; i < known_names::names_max; ++i)
    know(std::to_string(i), t0);
  // Those that hold stay, and those that are over go.
  know("late", t0 + 30s);
  BOOST_TEST(x.find("0", t0 + 30s));
  know("later", t0 + 70s);
  BOOST_TEST(x.find("late", t0 + 70s));
  // However many hold: there is an end.
  for (size_t i = 0; i <= 2 * known_names::names_max; ++i)
    know("n" + std::to_string(i), t0 + 80s);
  BOOST_TEST(!x.find("late", t0 + 80s));
}

BOOST_AUTO_TEST_SUITE_END()
