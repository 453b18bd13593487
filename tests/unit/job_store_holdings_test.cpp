// What is given back because nobody confirms it.
#include "actors/io/redis/holdings.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::job_store;
using namespace std::chrono_literals;

namespace {

struct fixture {
  /// Ids that a renewal so long after the beginning gives back.
  std::string given_back(std::chrono::milliseconds at) {
    std::string out;
    for (auto& [id, what] : x.unconfirmed(t0 + at, 30s))
      out += id;
    return out;
  }

  const holdings::time_point t0{1h};
  holdings x;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_holding, fixture)

BOOST_AUTO_TEST_CASE(that_nobody_confirms_is_given_back_after_a_lease) {
  x.take("a", 1, t0);
  BOOST_TEST(given_back(10s) == "");
  BOOST_TEST(given_back(20s) == "");
  BOOST_TEST(given_back(29s) == "");
  BOOST_TEST(given_back(30s) == "a");
}

BOOST_AUTO_TEST_CASE(that_is_confirmed_is_kept) {
  x.take("a", 1, t0);
  for (auto at = 10s; at < 10min; at += 10s) {
    x.confirm("a", 1, t0 + at);
    BOOST_TEST(given_back(at + 1s) == "");
  }
}

BOOST_AUTO_TEST_CASE(is_not_confirmed_by_an_older_claim) {
  x.take("a", 2, t0);
  for (auto at = 10s; at < 30s; at += 10s) {
    x.confirm("a", 1, t0 + at);
    BOOST_TEST(given_back(at) == "");
  }
  BOOST_TEST(given_back(30s) == "a");
}

BOOST_AUTO_TEST_CASE(is_not_given_back_because_the_process_was_stopped) {
  x.take("a", 1, t0);
  BOOST_TEST(given_back(1h) == "");
  x.confirm("a", 1, t0 + 1h);
  BOOST_TEST(given_back(1h + 10s) == "");
}

// The connection came and went: each time there was a renewal.
BOOST_AUTO_TEST_CASE(is_not_given_back_by_renewals_alone) {
  x.take("a", 1, t0);
  for (auto at = 1s; at < 30s; at += 1s)
    BOOST_TEST(given_back(at) == "");
}

BOOST_AUTO_TEST_CASE(is_forgotten_under_its_own_claim_only) {
  x.take("a", 2, t0);
  x.forget("a", 1);
  BOOST_TEST(x.has("a"));
  x.forget("a", 2);
  BOOST_TEST(!x.has("a"));
}

BOOST_AUTO_TEST_SUITE_END()
