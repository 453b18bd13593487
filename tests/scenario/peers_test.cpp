// PEERS actors in virtual time, with a net in memory in place of the DIALLER.
#include "actors/io/peers/peers.hpp"
#include "messages/failure_caf.hpp"
#include "tests/support/deterministic_system.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace std::chrono_literals;

namespace {

/// Who is published where.
struct fake_net {
  std::map<std::string, caf::actor> doors;
  std::string taken;
};

dialler_actor::behavior_type fake_dialler(dialler_actor::pointer,
                                          std::shared_ptr<fake_net> net) {
  return {
    [net](caf::publish_atom, const std::string& host, uint16_t port,
          const caf::actor& whom) -> caf::result<uint16_t> {
      if (host == net->taken)
        return to_error({failure_kind::unavailable, "the port is in use"});
      net->doors[host] = whom;
      return port;
    },
    [net](caf::connect_atom, const std::string& host,
          uint16_t) -> caf::result<caf::actor> {
      if (auto at = net->doors.find(host); at != net->doors.end())
        return at->second;
      return to_error({failure_kind::unavailable, "nobody is there"});
    },
    [](caf::tick_atom) {
      // nop
    },
  };
}

struct heard {
  std::vector<msg::fleet_view> views;
  std::vector<msg::gpus_given> gifts;
};

fleet_listener_actor::behavior_type fake_listener(fleet_listener_actor::pointer,
                                                  std::shared_ptr<heard> into) {
  return {
    [into](const msg::fleet_view& x) {
      into->views.push_back(x);
    },
    [into](const msg::gpus_given& x) {
      into->gifts.push_back(x);
    },
  };
}

/// Looks names up in a table.
struct fake_names : name_resolver {
  void look_up(const std::string& host,
               std::function<void(found)> done) override {
    ++asked;
    auto at = table.find(host);
    done(at == table.end() ? found{fail(failure_kind::unavailable, "no name")}
                           : found{at->second});
  }

  std::map<std::string, std::vector<ip_address>> table;
  int asked = 0;
};

struct some_workers : harness::deterministic_system {
  struct one {
    std::shared_ptr<heard> ears = std::make_shared<heard>();
    peers_actor peers;
    fleet_listener_actor listener;
  };

  some_workers() {
    dialler = spawn(fake_dialler, net);
  }

  static std::string host_of(size_t i) {
    return "10.0.0." + std::to_string(i);
  }

  static worker_id name_of(size_t i) {
    return worker_id{"w" + std::to_string(i)};
  }

  one& start(size_t i, std::vector<peers::address> seeds) {
    peers_config cfg;
    cfg.membership.cluster = "c";
    cfg.membership.self = {name_of(i), 1'000 + ++lives};
    cfg.membership.where = cfg.listen = {host_of(i), 7400};
    cfg.membership.version = "1.2";
    cfg.seeds = std::move(seeds);
    cfg.seed = i;
    auto& x = all[i];
    x = {};
    x.listener = spawn(fake_listener, x.ears);
    x.peers = spawn(peers_behavior, cfg,
                    peers_deps{dialler, names, null_logger()});
    tell(i, {});
    return x;
  }

  /// Whoever tells hears of the others.
  void tell(size_t i, const worker_facts& x) {
    caf::send_as(caf::actor_cast<caf::actor>(all[i].listener),
                 caf::actor_cast<caf::actor>(all[i].peers), msg::tell_fleet{x});
    run();
  }

  void start_all(size_t n) {
    for (size_t i = 1; i <= n; ++i)
      start(i, {{host_of(1), 7400}});
    advance(5s);
  }

  /// What worker `i` was told last.
  std::vector<fleet_member> others(size_t i) {
    auto& views = all.at(i).ears->views;
    return views.empty() ? std::vector<fleet_member>{} : views.back().others;
  }

  msg::peers_report report(size_t i) {
    msg::peers_report out;
    caf::scoped_actor self{system()};
    self->send(all.at(i).peers, msg::get_peers{});
    run();
    self->receive([&](const msg::peers_report& x) {
      out = x;
    });
    return out;
  }

  std::shared_ptr<fake_net> net = std::make_shared<fake_net>();
  std::shared_ptr<fake_names> names = std::make_shared<fake_names>();
  dialler_actor dialler;
  std::map<size_t, one> all;
  uint64_t lives = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(peers_of_a_fleet, some_workers)

BOOST_AUTO_TEST_CASE(hear_what_each_tells) {
  start_all(3);
  type_facts media;
  media.type = "media:fast";
  media.free_slots = 2;
  tell(2, {true, "disk", {media}});
  auto told_s = steady_now();
  advance(1s);
  auto seen = others(1);
  BOOST_REQUIRE(seen.size() == 2u);
  BOOST_TEST((seen[0].who.name == name_of(2)));
  BOOST_TEST(seen[0].version == "1.2");
  BOOST_TEST((seen[0].facts == worker_facts{true, "disk", {media}}));
  BOOST_TEST(std::abs(seen[0].told_s - told_s) < 0.2);
  BOOST_TEST(seen[0].linked);
  BOOST_TEST(!seen[0].doubted);
  BOOST_TEST((seen[1].facts == worker_facts{}));
}

BOOST_AUTO_TEST_CASE(tell_the_taker_of_gpus) {
  start_all(3);
  caf::anon_send(all[1].peers, msg::gpus_given{name_of(1), name_of(3)});
  advance(1s);
  BOOST_TEST(all[2].ears->gifts.empty());
  BOOST_REQUIRE(all[3].ears->gifts.size() == 1u);
  BOOST_TEST((all[3].ears->gifts[0].from == name_of(1)));
  BOOST_TEST((all[3].ears->gifts[0].to == name_of(3)));
}

BOOST_AUTO_TEST_CASE(notice_one_that_dies) {
  start_all(3);
  net->doors.erase(host_of(2));
  caf::anon_send_exit(all[2].peers, caf::exit_reason::kill);
  advance(29s);
  BOOST_TEST(others(1).size() == 1u);
  BOOST_TEST(others(3).size() == 1u);
  start(2, {{host_of(3), 7400}});
  advance(10s);
  BOOST_TEST(others(1).size() == 2u);
  BOOST_TEST(others(2).size() == 2u);
}

BOOST_AUTO_TEST_CASE(leave_with_a_goodbye) {
  start_all(3);
  caf::scoped_actor watcher{system()};
  watcher->monitor(all[2].peers);
  caf::anon_send_exit(all[2].peers, caf::exit_reason::user_shutdown);
  advance(1s);
  BOOST_TEST(others(1).size() == 1u);
  BOOST_TEST(others(3).size() == 1u);
  auto ended = false;
  watcher->receive(
    [&](const caf::down_msg&) {
      ended = true;
    },
    caf::after(0s) >> [] {});
  BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(find_others_by_a_name_that_is_looked_up_again) {
  start(1, {});
  names->table["fleet"] = {*parse_ip("10.0.0.9")};
  start(2, {{"fleet", 7400}});
  advance(10s);
  BOOST_TEST(others(2).empty());
  names->table["fleet"] = {*parse_ip("10.0.0.9"), *parse_ip(host_of(1))};
  advance(30s);
  BOOST_TEST(others(2).size() == 1u);
  auto asked = names->asked;
  advance(10min);
  BOOST_TEST(names->asked - asked >= 9);
  BOOST_TEST(names->asked - asked <= 11);
}

BOOST_AUTO_TEST_CASE(end_when_their_port_cannot_be_opened) {
  net->taken = host_of(1);
  start(1, {});
  caf::scoped_actor watcher{system()};
  watcher->monitor(all[1].peers);
  std::string why;
  watcher->receive(
    [&](const caf::down_msg& x) {
      why = to_failure(x.reason).message;
    },
    caf::after(0s) >> [] {});
  BOOST_TEST(why
             == "C3_CLUSTER_LISTEN: cannot listen on 10.0.0.1:7400: the port "
                "is in use");
}

BOOST_AUTO_TEST_CASE(cut_off_a_stranger_that_sends_garbage_and_nobody_else) {
  start_all(3);
  std::vector<peers::frame> answers;
  auto stranger = spawn([&answers](caf::event_based_actor*) -> caf::behavior {
    return {[&answers](const peers::frame& x) {
      answers.push_back(x);
    }};
  });
  auto say = [&](uint32_t version, std::string text) {
    answers.clear();
    caf::send_as(stranger, caf::actor_cast<caf::actor>(all[1].peers),
                 peers::frame{version, std::move(text)});
    run();
    return answers.empty() ? std::string{} : answers[0].payload;
  };
  // A frame of another protocol is not read.
  BOOST_TEST(say(9, "{}").find("version 9 of the protocol")
             != std::string::npos);
  advance(31s);
  BOOST_TEST(say(peers::protocol, "rubbish").find("refusal")
             != std::string::npos);
  // From then on nobody listens to it.
  BOOST_TEST(say(peers::protocol, "rubbish") == "");
  advance(31s);
  BOOST_TEST(say(peers::protocol, std::string(2u << 20, ' ')).find("refusal")
             != std::string::npos);
  advance(1s);
  for (size_t i : {1, 2, 3})
    BOOST_TEST(report(i).links.size() == 2u);
  BOOST_TEST(others(1).size() == 2u);
}

BOOST_AUTO_TEST_CASE(count_what_they_say) {
  start_all(2);
  auto before = report(1);
  advance(60s);
  auto after = report(1);
  BOOST_TEST(after.members.size() == 1u);
  BOOST_TEST(after.frames_sent > before.frames_sent);
  BOOST_TEST(after.bytes_sent > before.bytes_sent);
  BOOST_TEST(after.frames_received > before.frames_received);
  BOOST_TEST(after.bytes_received > before.bytes_received);
  BOOST_REQUIRE(after.links.size() == 1u);
  BOOST_TEST(after.links[0].age_s > 60);
}

BOOST_AUTO_TEST_SUITE_END()
