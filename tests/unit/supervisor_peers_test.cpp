// What the other workers tell, and what comes of it.
#include "tests/unit/supervisor_fleet.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace render;
using namespace render::supervisor;
using namespace std::chrono_literals;

namespace {

type_facts media(uint32_t gpus, uint32_t free) {
  type_facts out;
  out.type = "media:fast";
  out.gpus = gpus;
  out.free_slots = free;
  return out;
}

fleet_member member(const worker_id& name, type_facts facts = media(0, 0),
                    double told_s = t0) {
  fleet_member out;
  out.who = {name, 1};
  out.facts.types = {std::move(facts)};
  out.told_s = told_s;
  return out;
}

peer::config the_middle_one() {
  peer::config out;
  out.connected = true;
  out.name = "m";
  return out;
}

peer::view seen(std::vector<fleet_member> others) {
  peer::view out{the_middle_one()};
  out.take(std::move(others), t0 - 10);
  return out;
}

peer::myself me(uint32_t room = 1) {
  peer::myself out;
  out.room = room;
  out.max_gpus = std::max(room, 1u);
  return out;
}

std::vector<uint32_t> turn(const peer::view& x, uint32_t room = 1) {
  return x.outlook("media:fast", me(room), t0).before;
}

config connected() {
  auto out = settings();
  out.look_before_launch = true;
  out.pre_launch_min = out.pre_launch_max = 20s;
  out.peers = the_middle_one();
  return out;
}

struct connected_worker {
  explicit connected_worker(config cfg = connected()) : x(std::move(cfg)) {
    x.start();
    x.on_watcher_started();
  }

  effects jobs_wait(uint64_t count, double now_s = t0) {
    msg::backlog what;
    what.waiting_by_type["csm"] = count;
    what.oldest_created_at_s = created_s;
    return x.on_backlog(what, both(now_s));
  }

  double created_s = t0;
  policy x;
};

} // namespace

BOOST_AUTO_TEST_SUITE(words_of_peers)

BOOST_AUTO_TEST_CASE(are_a_view_while_all_see_each_other) {
  BOOST_TEST(!seen({}).agreed(t0));
  BOOST_TEST(seen({member("a")}).agreed(t0));
  BOOST_TEST(!seen({member("a")}).agreed(t0 + 91));
  auto lost = member("z");
  lost.doubted = true;
  BOOST_TEST(!seen({member("a"), lost}).agreed(t0));
  // Nor do they while somebody has just come, or gone.
  auto x = seen({member("a")});
  x.take({member("a"), member("b")}, t0);
  BOOST_TEST(!x.agreed(t0 + 1));
  BOOST_TEST(x.agreed(t0 + 2));
  x.take({member("a")}, t0 + 2);
  BOOST_TEST(!x.agreed(t0 + 3));
}

BOOST_AUTO_TEST_CASE(give_each_worker_its_turn) {
  BOOST_TEST(turn(seen({member("z")})) == std::vector<uint32_t>{0});
  BOOST_TEST(turn(seen({member("a"), member("z")}))
             == std::vector<uint32_t>{1});
  // Whoever has launched is behind those that have not.
  BOOST_TEST(turn(seen({member("a", media(1, 0)), member("z")}))
             == std::vector<uint32_t>{0});
  // a, m, z, a, m, z.
  BOOST_TEST(turn(seen({member("a"), member("z")}), 2)
             == (std::vector<uint32_t>{1, 3}));
  auto leaves = member("a");
  leaves.facts.draining = true;
  auto unfit = member("b");
  unfit.facts.unfit = "disk";
  BOOST_TEST(turn(seen({leaves, unfit})) == std::vector<uint32_t>{0});
}

BOOST_AUTO_TEST_CASE(count_one_life_of_a_worker) {
  auto later = member("a", media(3, 1));
  later.who.incarnation = 2;
  auto x = seen({later, member("a", media(1, 1)), member("m", media(1, 1))});
  BOOST_TEST(x.others().size() == 1u);
  BOOST_TEST(x.outlook("media:fast", me(), t0).gpus == 1u);
}

BOOST_AUTO_TEST_CASE(say_when_slots_are_free) {
  auto facts = media(4, 1);
  facts.runs_left_s = {20, -3};
  facts.boots_left_s = {30};
  facts.runs[0] = {8, 10, 10};
  facts.boot = {8, 50, 50};
  auto got = seen({member("a", facts)}).outlook("media:fast", me(), t0 + 5);
  BOOST_TEST(got.free_in_s == (std::vector<double>{0, 15, 5, 25}));
  BOOST_TEST(got.gpus == 4u);
  BOOST_TEST(got.boot_s == 50);
  BOOST_TEST(got.run_s[0] == 10);
  BOOST_TEST(got.run_s[1] == 10);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_true_do_no_harm) {
  auto facts = media(4'000'000'000, 4'000'000'000);
  facts.slots_per_gpu = 0;
  facts.boots_left_s = {std::numeric_limits<double>::quiet_NaN(), -1e300};
  facts.runs_left_s.assign(100'000, 1e300);
  auto got = seen({member("a", facts)}).outlook("media:fast", me(), t0);
  BOOST_TEST(got.free_in_s.size() <= 2'000u);
  for (auto x : got.free_in_s)
    BOOST_TEST((x >= 0 && x <= 1e6));
}

BOOST_AUTO_TEST_CASE(agree_on_who_stops) {
  auto x = seen({member("a", media(2, 2)), member("z", media(2, 2))});
  BOOST_TEST(x.to_stop("media:fast", 2, 3) == 0u);
  BOOST_TEST(x.to_stop("media:fast", 4, 3) == 2u);
  BOOST_TEST(x.to_stop("media:fast", 9, 3) == 3u);
}

BOOST_AUTO_TEST_CASE(are_told_when_facts_change) {
  connected_worker w;
  auto out = w.x.on_fleet_view({}, t0);
  BOOST_REQUIRE(all<tell_fleet>(out).size() == 1u);
  auto again = timer_of(out, timer::tell);
  BOOST_TEST(all<tell_fleet>(w.x.on_fleet_view({}, t0 + 5)).empty());
  // At a slow pace even without a change.
  out = w.x.on_timer(timer::tell, again.generation, t0 + 15);
  BOOST_TEST(all<tell_fleet>(out).size() == 1u);
  w.x.on_fleet_view({{member("z")}}, t0 + 30);
  w.x.on_timer(timer::tell, timer_of(out, timer::tell).generation, t0 + 30);
  // A launch is told at once, what follows within a second later.
  w.created_s = t0 + 40;
  out = w.jobs_wait(1, t0 + 40);
  BOOST_REQUIRE(all<rent>(out).size() == 1u);
  out = w.x.on_fleet_view({{member("z")}}, t0 + 40);
  auto told = all<tell_fleet>(out);
  BOOST_REQUIRE(told.size() == 1u);
  auto& facts = told[0].facts.types[0];
  BOOST_TEST(facts.gpus == 1u);
  BOOST_TEST(facts.boots_left_s.size() == 1u);
  out = w.x.on_gpu_update(update(1, gpu_phase::ready), t0 + 40.2);
  BOOST_TEST(all<tell_fleet>(out).empty());
  auto soon = timer_of(out, timer::tell);
  BOOST_TEST(soon.delay.count() == 800);
  told = all<tell_fleet>(w.x.on_timer(timer::tell, soon.generation, t0 + 41));
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].facts.types[0].free_slots == 1u);
}

BOOST_AUTO_TEST_CASE(decide_who_launches_without_a_random_wait) {
  connected_worker w;
  w.x.on_fleet_view({{member("z")}}, t0 - 10);
  BOOST_TEST(all<rent>(w.jobs_wait(1)).size() == 1u);
  connected_worker second;
  second.x.on_fleet_view({{member("a")}}, t0 - 10);
  BOOST_TEST(all<rent>(second.jobs_wait(1)).empty());
}

BOOST_AUTO_TEST_CASE(that_are_doubted_or_old_leave_it_to_chance) {
  connected_worker w;
  auto lost = member("z");
  lost.doubted = true;
  w.x.on_fleet_view({{lost}}, t0 - 10);
  auto out = w.jobs_wait(1);
  BOOST_TEST(all<rent>(out).empty());
  BOOST_TEST(timer_of(out, timer::jitter).delay.count() == 20'000);
  BOOST_TEST((w.x.status().launches.at("media:fast").kind
              == launch_reason_kind::jitter));
}

BOOST_AUTO_TEST_CASE(that_are_lies_hold_no_job_up_for_ever) {
  connected_worker w;
  auto liar = media(9, 0);
  liar.boots_left_s.assign(9, 10);
  w.x.on_fleet_view({{member("z", liar)}}, t0 - 10);
  auto out = w.jobs_wait(1);
  BOOST_TEST(all<rent>(out).empty());
  BOOST_TEST(all<arm_timer>(out).size() <= 2u);
  out = w.x.on_fleet_view({{member("z", liar, t0 + 200)}}, t0 + 200);
  BOOST_TEST(timer_of(out, timer::jitter).delay.count() == 20'000);
  w.jobs_wait(1, t0 + 200);
  BOOST_TEST((w.x.status().launches.at("media:fast").kind
              == launch_reason_kind::jitter));
}

BOOST_AUTO_TEST_CASE(stop_an_idle_gpu_that_is_not_worth_its_rent) {
  auto cfg = connected();
  cfg.peers.adaptive = true;
  connected_worker w{cfg};
  w.x.on_fleet_view({{member("z")}}, t0 - 10);
  w.jobs_wait(1);
  auto due = timer_of(w.x.on_gpu_update(update(1, gpu_phase::ready), t0 + 40),
                      timer::keep);
  w.x.on_jobs_claimed({{a_job("j")}, {}}, both(t0 + 40));
  w.x.on_backlog({}, both(t0 + 40));
  // It works.
  w.x.on_timer(timer::keep, due.generation, t0 + 45);
  due = timer_of(w.x.on_job_ended(ended(1, "j"), t0 + 50), timer::keep);
  auto stopped_at = [&](double now_s) {
    w.x.on_fleet_view({{member("z", media(0, 0), now_s)}}, now_s);
    auto out = w.x.on_timer(timer::keep, due.generation, now_s);
    for (auto& timer : all<arm_timer>(out))
      if (timer.which == timer::keep)
        due = timer;
    return all<drain_gpu>(out).size();
  };
  // Too little is known yet; later one job in so long a time shows enough.
  BOOST_TEST(stopped_at(t0 + 70) == 0u);
  BOOST_TEST(stopped_at(t0 + 280) == 0u);
  BOOST_TEST(stopped_at(t0 + 320) == 1u);
  BOOST_TEST(w.x.status().gpus.size() == 1u);
  cfg.peers.adaptive = false;
  connected_worker fixed{cfg};
  fixed.x.on_fleet_view({{member("z")}}, t0);
  fixed.jobs_wait(1);
  auto out = fixed.x.on_gpu_update(update(1, gpu_phase::ready), t0 + 40);
  for (auto& timer : all<arm_timer>(out))
    BOOST_TEST((timer.which != timer::keep));
}

BOOST_AUTO_TEST_SUITE_END()
