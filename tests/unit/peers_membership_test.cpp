// Who is linked with whom, and who counts as alive: small scenes on a net in
// virtual time.
#include "tests/unit/peers_net.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

using namespace render;
using namespace render::peers;

namespace {

bool all_see(net& x, const std::vector<size_t>& up) {
  return std::all_of(up.begin(), up.end(), [&](size_t i) {
    return x.at(i).fleet().size() == up.size() - 1;
  });
}

std::vector<size_t> range(size_t from, size_t to) {
  std::vector<size_t> out;
  for (; from < to; ++from)
    out.push_back(from);
  return out;
}

size_t most_links(net& x, const std::vector<size_t>& up) {
  size_t out = 0;
  for (auto i : up)
    out = std::max(out, x.at(i).links().size());
  return out;
}

size_t lines_with(const net& x, const std::string& text) {
  return static_cast<size_t>(
    std::count_if(x.lines.begin(), x.lines.end(), [&](auto& line) {
      return line.find(text) != std::string::npos;
    }));
}

struct fleet_of : net {
  explicit fleet_of(size_t n, uint64_t seed = 1) : net(seed) {
    for (size_t i = 0; i < n; ++i)
      start(i, {0, 1});
    run(10);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_fleet)

BOOST_AUTO_TEST_CASE(of_any_size_finds_together_by_two_addresses) {
  for (size_t n : {2, 3, 9, 10, 30}) {
    fleet_of x{n};
    BOOST_TEST(all_see(x, range(0, n)), n << " workers");
    BOOST_TEST(x.lines.empty());
  }
}

BOOST_AUTO_TEST_CASE(of_many_has_few_links) {
  fleet_of x{60};
  x.run(120);
  // Six fingers each way, those of a fleet that grew before.
  BOOST_TEST(most_links(x, range(0, 60)) <= 14u);
}

BOOST_AUTO_TEST_CASE(has_one_link_between_two_that_connect_at_once) {
  fleet_of x{3};
  for (auto i : range(0, 3))
    BOOST_TEST(x.at(i).links().size() == 2u);
}

BOOST_AUTO_TEST_CASE(tells_how_old_its_words_are) {
  fleet_of x{2};
  x.run(30);
  auto said_s = x.at(1).fleet().at(0).told_s;
  x.start(2, {1});
  x.run(3);
  for (auto& one : x.at(2).fleet())
    if (one.last.who.name == net::name_of(0))
      BOOST_TEST(std::abs(one.told_s - said_s) < 0.1);
}

BOOST_AUTO_TEST_CASE(hears_what_one_tells_within_a_second) {
  fleet_of x{30};
  x.tell(7, R"({"free":3})");
  x.run(1);
  for (auto i : range(0, 30))
    if (i != 7) {
      auto all = x.at(i).fleet();
      auto it = std::find_if(all.begin(), all.end(), [](auto& y) {
        return y.last.who.name == net::name_of(7);
      });
      BOOST_TEST(it->last.facts == R"({"free":3})");
    }
}

BOOST_AUTO_TEST_CASE(takes_leave_of_one_that_goes_at_once) {
  fleet_of x{12};
  x.leave(5);
  x.run(0.5);
  // Before its limit: the others have answered.
  BOOST_TEST(x.has_finished(5));
  x.run(0.5);
  auto rest = range(0, 12);
  rest.erase(rest.begin() + 5);
  BOOST_TEST(all_see(x, rest));
  BOOST_TEST(x.lines.empty());
}

BOOST_AUTO_TEST_CASE(lets_one_go_whose_peers_do_not_answer) {
  fleet_of x{2};
  x.hang(0);
  x.leave(1);
  x.run(0.5);
  BOOST_TEST(!x.has_finished(1));
  x.run(0.2);
  BOOST_TEST(x.has_finished(1));
}

BOOST_AUTO_TEST_CASE(notices_one_that_dies_hangs_or_is_cut_off_within_30_s) {
  for (auto how : {0, 1, 2})
    for (size_t n : {2, 3, 12, 30}) {
      fleet_of x{n};
      if (how == 0)
        x.stop(1);
      else if (how == 1)
        x.hang(1);
      else
        for (auto i : range(0, n)) {
          // One way alone: the others still hear it.
          if (i != 1)
            x.cut_way(i, 1);
        }
      x.run(30);
      auto rest = range(0, n);
      rest.erase(rest.begin() + 1);
      BOOST_TEST(all_see(x, rest), n << " workers, way " << how);
    }
}

BOOST_AUTO_TEST_CASE(keeps_one_that_others_reach) {
  fleet_of x{12};
  x.cut_way(2, 3);
  x.cut_way(3, 2);
  x.run(120);
  BOOST_TEST(all_see(x, range(0, 12)));
  BOOST_TEST(lines_with(x, "counts as gone") == 0u);
}

BOOST_AUTO_TEST_CASE(takes_back_one_that_had_only_been_asleep) {
  fleet_of x{12};
  x.hang(4);
  x.run(60);
  BOOST_TEST(!all_see(x, range(0, 12)));
  x.resume(4);
  x.run(30);
  BOOST_TEST(all_see(x, range(0, 12)));
}

BOOST_AUTO_TEST_CASE(is_not_doubted_by_one_that_had_been_asleep) {
  fleet_of x{12};
  // For longer than a silent link lives.
  x.hang(4);
  x.run(15);
  x.resume(4);
  for (int i = 0; i < 50; ++i) {
    for (auto& one : x.at(4).fleet())
      BOOST_TEST(!one.doubted);
    x.run(0.02);
  }
}

BOOST_AUTO_TEST_CASE(bears_links_that_are_slower_than_the_pace_of_pings) {
  net x{1};
  x.latency_s = 3;
  for (auto i : range(0, 4))
    x.start(i, {0, 1}, [](config& cfg) {
      cfg.greeting_s = 30;
    });
  x.run(60);
  BOOST_TEST(all_see(x, range(0, 4)));
  auto connects = x.connects;
  x.run(300);
  BOOST_TEST(all_see(x, range(0, 4)));
  BOOST_TEST(x.connects == connects);
}

BOOST_AUTO_TEST_CASE(tells_a_newcomer_of_no_dead_ones) {
  fleet_of x{4};
  x.stop(3);
  x.run(30);
  x.start(4, {0});
  for (int i = 0; i < 100; ++i) {
    x.run(0.1);
    for (auto& one : x.at(4).fleet())
      BOOST_TEST((one.last.who.name != net::name_of(3)));
  }
  BOOST_TEST(all_see(x, {0, 1, 2, 4}));
}

BOOST_AUTO_TEST_CASE(passes_the_word_of_a_gift_to_its_taker_alone) {
  fleet_of x{3};
  x.give(0, 2);
  x.run(1);
  BOOST_TEST(x.gifts.size() == 1u);
  BOOST_REQUIRE(x.gifts[2].size() == 1u);
  BOOST_TEST((x.gifts[2][0] == net::name_of(0)));
  // One that has gone astray.
  x.inject(0, 1, given{net::name_of(0), net::name_of(2)});
  BOOST_TEST(!x.gifts.contains(1));
  // Nobody: the word is lost.
  x.give(0, 7);
  x.run(1);
  BOOST_TEST(x.gifts.size() == 1u);
}

BOOST_AUTO_TEST_CASE(is_told_of_changes_in_bundles) {
  fleet_of x{12};
  auto before = x.changes[0];
  for (int i = 0; i < 100; ++i) {
    x.tell(1 + static_cast<size_t>(i) % 11,
           "{\"n\":" + std::to_string(i) + "}");
    x.run(0.01);
  }
  BOOST_TEST(x.changes[0] - before > 5u);
  BOOST_TEST(x.changes[0] - before <= 21u);
}

BOOST_AUTO_TEST_CASE(knows_a_new_life_at_the_same_address) {
  fleet_of x{5};
  auto before = x.at(0).fleet()[1].last.who;
  x.start(2, {0, 1});
  x.run(10);
  BOOST_TEST(all_see(x, range(0, 5)));
  auto after = x.at(0).fleet()[1].last.who;
  BOOST_TEST((before.name == after.name));
  BOOST_TEST(before.incarnation < after.incarnation);
}

BOOST_AUTO_TEST_CASE(knows_one_whose_clock_was_set_back) {
  fleet_of x{5};
  x.start(2, {0, 1}, [](config& cfg) {
    cfg.self.incarnation = 1;
  });
  x.tell(2, R"({"free":1})");
  x.run(10);
  BOOST_TEST(all_see(x, range(0, 5)));
  BOOST_TEST(x.at(0).fleet()[1].last.facts == R"({"free":1})");
}

BOOST_AUTO_TEST_CASE(that_was_split_finds_together_again) {
  fleet_of x{12};
  for (auto a : range(0, 6))
    for (auto b : range(6, 12)) {
      x.cut_way(a, b);
      x.cut_way(b, a);
    }
  x.run(90);
  BOOST_TEST(all_see(x, range(0, 6)));
  BOOST_TEST(all_see(x, range(6, 12)));
  x.heal();
  x.run(60);
  BOOST_TEST(all_see(x, range(0, 12)));
}

BOOST_AUTO_TEST_CASE(refuses_one_of_another_cluster_with_one_line) {
  fleet_of x{2};
  x.start(2, {0}, [](config& cfg) {
    cfg.cluster = "other";
  });
  x.run(300);
  BOOST_TEST(all_see(x, {0, 1}));
  BOOST_TEST(x.at(2).fleet().empty());
  BOOST_TEST(lines_with(x, "w002: ") == 1u);
  BOOST_TEST(lines_with(x, "is of cluster") == 2u);
}

BOOST_AUTO_TEST_CASE(refuses_a_second_one_of_the_same_name) {
  fleet_of x{2};
  x.start(2, {0}, [](config& cfg) {
    cfg.self.name = net::name_of(1);
  });
  x.run(30);
  BOOST_TEST(lines_with(x, "w001") >= 1u);
}

BOOST_AUTO_TEST_CASE(is_quiet_when_nothing_happens) {
  fleet_of x{30};
  x.run(120);
  auto frames = x.frames;
  auto connects = x.connects;
  x.run(600);
  // About ten links a worker, a ping and a pong each 3 s on each.
  BOOST_TEST(x.frames - frames <= 30u * 600 * 9);
  BOOST_TEST(x.connects == connects);
}

BOOST_AUTO_TEST_CASE(cuts_off_one_that_sends_garbage_and_nobody_else) {
  fleet_of x{4};
  for (int i = 0; i < 10; ++i)
    x.garbage(0, 1);
  BOOST_TEST(lines_with(x, "junk") == 1u);
  BOOST_TEST(x.at(1).links().size() == 2u);
  x.run(5);
  // It is known through the others all the time.
  BOOST_TEST(all_see(x, range(0, 4)));
  BOOST_TEST(x.at(1).links().size() == 2u);
  // Found again later: it has not sent garbage since.
  x.run(120);
  BOOST_TEST(x.at(1).links().size() == 3u);
}

BOOST_AUTO_TEST_CASE(heeds_no_word_before_a_hello) {
  fleet_of x{3};
  x.start(3, {});
  word lie;
  lie.who = {"w009", 1};
  lie.number = 1;
  lie.where = {"h9", 7400};
  x.inject(3, 0, news{{lie}});
  x.inject(3, 0, ping{1});
  x.run(1);
  BOOST_TEST(all_see(x, range(0, 3)));
  BOOST_TEST(x.lines.empty());
  // Nor on a link that this worker has begun.
  config cfg;
  cfg.cluster = "c";
  cfg.self = {"w", 1};
  membership sut{cfg, 1};
  sut.on_connected({"h9", 7400}, 5, x.now_s);
  sut.on_message(5, news{{lie}}, x.now_s);
  BOOST_TEST(sut.fleet().empty());
}

BOOST_AUTO_TEST_CASE(heeds_no_word_older_than_what_it_knows) {
  fleet_of x{3};
  x.tell(1, R"({"n":2})");
  x.run(1);
  auto of_1 = [&] {
    return x.at(0).fleet().at(0).last;
  };
  auto old = of_1();
  BOOST_REQUIRE((old.who.name == net::name_of(1)));
  --old.number;
  old.facts = R"({"n":1})";
  x.inject(2, 0, news{{old}});
  old.who.incarnation -= 1;
  old.number += 100;
  x.inject(2, 0, news{{old}});
  BOOST_TEST(of_1().facts == R"({"n":2})");
}

BOOST_AUTO_TEST_CASE(begins_a_link_anew_when_the_peer_has_forgotten_it) {
  fleet_of x{2};
  x.tell(0, R"({"n":1})");
  x.run(1);
  // Worker 1 has lost the link, and worker 0 has not noticed.
  hello again{"c", x.at(1).self(), net::address_of(1), "1", 77, 0};
  auto frames = x.frames;
  x.inject(1, 0, again);
  x.run(1);
  // All is said again: a hello and all words.
  BOOST_TEST(x.frames - frames >= 2u);
  // The same one twice begins nothing.
  frames = x.frames;
  x.inject(1, 0, again);
  BOOST_TEST(x.frames == frames);
}

BOOST_AUTO_TEST_CASE(forgets_after_ten_minutes_what_is_gone) {
  fleet_of x{3};
  x.stop(2);
  x.run(800);
  auto connects = x.connects;
  x.run(300);
  // Nobody tries that address any more.
  BOOST_TEST(x.connects == connects);
}

// Each behind a TLS proxy of its own: all tell the same address, at which each
// finds itself only.
BOOST_AUTO_TEST_CASE(is_linked_by_seeds_where_no_told_address_is_of_use) {
  net x{1};
  for (auto i : range(0, 4)) {
    x.start(i, {}, [](config& cfg) {
      cfg.where = {"h99", 7400};
    });
    std::vector<address> others;
    for (auto other : range(0, 4))
      if (other != i)
        others.push_back(net::address_of(other));
    x.seed(i, others);
  }
  x.run(10);
  BOOST_TEST(all_see(x, range(0, 4)));
  for (auto i : range(0, 4))
    BOOST_TEST(x.at(i).links().size() == 3u);
  x.stop(2);
  x.run(25);
  BOOST_TEST(all_see(x, {0, 1, 3}));
}

BOOST_AUTO_TEST_CASE(doubts_a_broken_connection_and_tries_the_way_of_before) {
  auto now_s = 1e9;
  config cfg;
  cfg.cluster = "c";
  cfg.self = {"a", 1};
  cfg.where = {"h99", 7400};
  membership sut{cfg, 1};
  sut.on_seeds({net::address_of(1), net::address_of(2)}, now_s);
  for (size_t i : {1, 2}) {
    word said;
    said.who = {net::name_of(i), 1};
    said.number = 1;
    said.where = cfg.where;
    sut.on_connected(net::address_of(i), i, now_s);
    sut.on_message(i, hello{"c", said.who, said.where, "1", 7, 1}, now_s);
    sut.on_message(i, news{{said}}, now_s);
  }
  BOOST_REQUIRE(sut.links().size() == 2u);
  auto done = sut.on_link_down(1, now_s + 1);
  BOOST_TEST(sut.fleet().at(0).doubted);
  BOOST_TEST(!sut.fleet().at(1).doubted);
  auto dials = std::count_if(done.begin(), done.end(), [](auto& x) {
    auto* dial = std::get_if<connect>(&x);
    return dial && dial->to == net::address_of(1);
  });
  BOOST_TEST(dials == 1);
}

BOOST_AUTO_TEST_CASE(knows_a_seed_by_another_address_than_its_own) {
  fleet_of x{2};
  // "H1" leads to worker 1, which calls itself "h1".
  x.start(2, {}, [](config&) {});
  x.seed(2, {{"H1", 7400}});
  x.run(5);
  BOOST_TEST(all_see(x, range(0, 3)));
  auto connects = x.connects;
  x.run(300);
  BOOST_TEST(x.connects == connects);
}

BOOST_AUTO_TEST_SUITE_END()
