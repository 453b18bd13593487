// Real worker processes that know of each other: they join, die, hang, come
// back and leave.
#include "tests/support/count_of.hpp"
#include "tests/support/worker_fleet.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_cluster)

BOOST_AUTO_TEST_CASE(notices_who_joins_dies_returns_and_leaves) {
  worker_fleet x;
  for (size_t i = 0; i < 4; ++i)
    x.start(i);
  BOOST_REQUIRE_MESSAGE(x.all_see({0, 1, 2, 3}, 3, 30s), x.logs());
  auto metrics = x.metrics(0);
  BOOST_TEST(metrics.find("c3_peers 3") != std::string::npos, metrics);
  BOOST_TEST(metrics.find("c3_peer_links 3") != std::string::npos, metrics);
  BOOST_TEST(metrics.find("c3_peer_bytes_total{direction=\"sent\"}")
               != std::string::npos,
             metrics);
  // It may be the one that all have found each other by.
  x.at(0).send(SIGKILL);
  BOOST_TEST(x.all_see({1, 2, 3}, 2, 30s), x.logs());
  x.start(0);
  BOOST_TEST(x.all_see({0, 1, 2, 3}, 3, 30s), x.logs());
  x.at(2).send(SIGTERM);
  BOOST_TEST((x.at(2).wait_for_exit(20s) == 0), x.logs());
  BOOST_TEST(x.all_see({0, 1, 3}, 2, 5s), x.logs());
  for (size_t i : {0, 1, 3})
    BOOST_TEST(count_of("worker w2 has left", x.log(i)) == 1u, x.log(i));
}

BOOST_AUTO_TEST_CASE(notices_one_that_hangs_and_takes_it_back) {
  worker_fleet x;
  for (size_t i = 0; i < 3; ++i)
    x.start(i);
  BOOST_REQUIRE_MESSAGE(x.all_see({0, 1, 2}, 2, 30s), x.logs());
  x.at(1).send(SIGSTOP);
  BOOST_TEST(x.all_see({0, 2}, 1, 30s), x.logs());
  x.at(1).send(SIGCONT);
  BOOST_TEST(x.all_see({0, 1, 2}, 2, 45s), x.logs());
}

BOOST_AUTO_TEST_CASE(refuses_one_of_another_name_and_a_port_that_is_taken) {
  worker_fleet x;
  x.start(0);
  x.start(1);
  x.start(2, {{"C3_CLUSTER_NAME", "other"}});
  BOOST_REQUIRE_MESSAGE(x.all_see({0, 1}, 1, 30s), x.logs());
  // When both dial at once, one of the refusals may be cut off with its link;
  // the next try comes after 30 s.
  auto both_said = wait_until(
    [&] {
      return count_of("is of cluster", x.log(2)) >= 2
             && count_of("is of cluster", x.log(0)) >= 1;
    },
    50s);
  BOOST_TEST(both_said, x.logs());
  BOOST_TEST((x.sees(2) == size_t{0}), x.log(2));
  // Once about each of the two.
  BOOST_TEST(count_of("is of cluster", x.log(2)) == 2u, x.log(2));
  BOOST_TEST((x.sees(0) == size_t{1}), x.log(0));
  auto& late = x.start(3, {{"C3_CLUSTER_LISTEN", x.address_of(0)}});
  BOOST_TEST((late.wait_for_exit(30s) == 1), x.log(3));
  BOOST_TEST(count_of("cannot listen on " + x.address_of(0), x.log(3)) >= 1u,
             x.log(3));
}

BOOST_AUTO_TEST_CASE(of_a_refused_network_stops_the_start) {
  worker_fleet x;
  auto& far = x.start(0, {{"C3_CLUSTER_LISTEN", "0.0.0.0:7400"}});
  BOOST_TEST((far.wait_for_exit(20s) == 2), x.log(0));
  BOOST_TEST(count_of("C3_CLUSTER_TRUSTED_NETWORK=yes", x.log(0)) == 1u,
             x.log(0));
}

BOOST_AUTO_TEST_SUITE_END()
