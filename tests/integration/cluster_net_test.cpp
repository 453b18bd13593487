// Workers in network namespaces, each with an address and a process id 1 of its
// own: cut, cut one way, and mended. Needs root and `ip`; without them the test
// says so and does nothing.
#include "tests/support/worker_fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <iostream>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

bool sh(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

/// A bridge, and a namespace with a link to it for each worker.
class small_net {
public:
  explicit small_net(size_t n) : n_(n) {
    up_ = sh("ip link add " + bridge() + " type bridge")
          && sh("ip address add " + address(250) + "/24 dev " + bridge())
          && sh("ip link set " + bridge() + " up");
    for (size_t i = 0; i < n_ && up_; ++i)
      up_ = add(i);
  }

  small_net(const small_net&) = delete;
  small_net& operator=(const small_net&) = delete;

  ~small_net() {
    for (size_t i = 0; i < n_; ++i)
      sh("ip netns delete " + space(i));
    sh("ip link delete " + bridge());
  }

  bool up() const {
    return up_;
  }

  std::string address(size_t i) const {
    return "10.77." + std::to_string(id_ % 250) + "." + std::to_string(1 + i);
  }

  std::string space(size_t i) const {
    return "c3t" + std::to_string(id_) + "n" + std::to_string(i);
  }

  void cut(size_t i) const {
    sh("ip link set " + outer(i) + " down");
  }

  void mend(size_t i) const {
    sh("ip link set " + outer(i) + " up");
  }

  /// What `from` sends to `to` vanishes.
  void cut_way(size_t from, size_t to) const {
    sh("ip -n " + space(from) + " route add blackhole " + address(to) + "/32");
  }

  void mend_way(size_t from, size_t to) const {
    sh("ip -n " + space(from) + " route delete blackhole " + address(to)
       + "/32");
  }

private:
  std::string bridge() const {
    return "c3t" + std::to_string(id_);
  }

  std::string outer(size_t i) const {
    return bridge() + "v" + std::to_string(i);
  }

  bool add(size_t i) const {
    auto ns = space(i);
    auto inner = outer(i) + "i";
    return sh("ip netns add " + ns)
           && sh("ip link add " + outer(i) + " type veth peer name " + inner)
           && sh("ip link set " + outer(i) + " master " + bridge() + " up")
           && sh("ip link set " + inner + " netns " + ns)
           && sh("ip -n " + ns + " link set " + inner + " name eth0")
           && sh("ip -n " + ns + " address add " + address(i) + "/24 dev eth0")
           && sh("ip -n " + ns + " link set eth0 up")
           && sh("ip -n " + ns + " link set lo up")
           && sh("ip -n " + ns + " route add default via " + address(250));
  }

  size_t n_;
  bool up_ = false;
  int id_ = ::getpid() % 10'000;
};

struct spread_fleet : worker_fleet {
  explicit spread_fleet(size_t n) : net(n) {
    for (size_t i = 0; i < n && net.up(); ++i)
      start_in_space(i);
  }

  void start_in_space(size_t i) {
    ask_at(i, net.address(i), 8090);
    start(i,
          {{"C3_CLUSTER_LISTEN", "0.0.0.0:7400"},
           {"C3_CLUSTER_TRUSTED_NETWORK", "yes"},
           {"C3_CLUSTER_PEERS",
            net.address(0) + ":7400," + net.address(1) + ":7400"},
           {"STATUS_ADDRESS", "0.0.0.0:8090"}},
          {"/usr/bin/env", "ip", "netns", "exec", net.space(i), "unshare",
           "--pid", "--fork", "--kill-child"});
  }

  small_net net;
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_cluster_over_a_network)

BOOST_AUTO_TEST_CASE(bears_cuts_and_finds_together_again) {
  spread_fleet x{4};
  if (!x.net.up()) {
    // ctest counts it as skipped by this line.
    std::cout << "skipped: no network namespaces here\n";
    return;
  }
  BOOST_REQUIRE_MESSAGE(x.all_see({0, 1, 2, 3}, 3, 40s), x.logs());
  // One way between two: the others reach both. Longer than an end takes.
  x.net.cut_way(1, 2);
  auto lost = wait_until(
    [&] {
      return x.sees(0) != size_t{3} || x.sees(3) != size_t{3};
    },
    25s);
  BOOST_TEST(!lost, x.logs());
  x.net.mend_way(1, 2);
  BOOST_TEST(x.all_see({0, 1, 2, 3}, 3, 30s), x.logs());
  x.net.cut(3);
  BOOST_TEST(x.all_see({0, 1, 2}, 2, 30s), x.logs());
  x.net.mend(3);
  BOOST_TEST(x.all_see({0, 1, 2, 3}, 3, 60s), x.logs());
}

BOOST_AUTO_TEST_SUITE_END()
