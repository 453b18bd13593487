// By which names the status server may be asked.
#define BOOST_TEST_MODULE status_address
#include "app/worker/status_address.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

BOOST_AUTO_TEST_CASE(addresses_and_our_own_names_are_ours) {
  for (std::string_view x :
       {"127.0.0.1", "10.1.2.3:8090", "[::1]:8090", "localhost:1", "LocalHost",
        "worker-1", "Worker-1:8090"})
    BOOST_TEST(is_our_host(x, {"worker-1"}), x);
}

BOOST_AUTO_TEST_CASE(other_names_are_not) {
  using namespace std::string_view_literals;
  for (std::string_view x : {"evil.example"sv, "worker-1.evil.example"sv, ""sv,
                             "127.0.0.1.evil.example"sv, "127.0.0.1\0.evil"sv,
                             "localhost\0.evil"sv, "[::1].evil.example"sv})
    BOOST_TEST(!is_our_host(x, {"worker-1"}), x);
}

BOOST_AUTO_TEST_CASE(a_host_and_its_port_are_told_apart) {
  BOOST_TEST(split_address("127.0.0.1:8090").port == 8090);
  BOOST_TEST(split_address("[::1]:0").host == "::1");
  BOOST_TEST(split_address(":8090").host == "");
}
