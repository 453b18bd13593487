// What a worker that leaves does with its GPUs when others are there.
#include "actors/supervisor/recipient.hpp"
#include "tests/unit/supervisor_fleet.hpp"

using namespace render;
using namespace render::supervisor;

namespace {

fleet_member member(const std::string& name, uint32_t gpus = 0,
                    const std::string& type = "media:fast") {
  fleet_member out;
  out.who.name = worker_id{name};
  type_facts served;
  served.type = workload_type{type};
  served.gpus = gpus;
  out.facts.types.push_back(served);
  out.linked = true;
  return out;
}

/// GPUs 1 to `gpus` are ready, and w2 is there.
struct leaver : supervisor::fleet {
  explicit leaver(uint32_t gpus = 1) : supervisor::fleet(gpus) {
    x.on_fleet_view({{member("w2")}}, t0);
    for (uint64_t i = 1; i <= gpus; ++i)
      tell(i, gpu_phase::ready);
  }

  effects tell(uint64_t instance, gpu_phase phase, uint32_t busy = 0) {
    auto now = update(instance, phase,
                      {job_kind::csm, job_kind::whisper, job_kind::portrait},
                      busy);
    auto number = std::to_string(instance);
    now.ledger_id = ledger_id{"e" + number};
    now.workload = workload_id{"wl-" + number};
    return x.on_gpu_update(now, t0);
  }

  effects drain() {
    return x.on_drain("test", t0);
  }

  static msg::hand_over_gpus order(const effects& xs) {
    auto orders = all<hand_over>(xs);
    BOOST_REQUIRE(orders.size() == 1u);
    return orders[0].what;
  }
};

std::vector<uint64_t> drained(const effects& xs) {
  std::vector<uint64_t> out;
  for (auto& x : all<supervisor::drain_gpu>(xs))
    out.push_back(x.instance);
  return out;
}

const failure no_redis{failure_kind::unavailable, "Redis: down"};

} // namespace

BOOST_AUTO_TEST_SUITE(a_recipient)

BOOST_AUTO_TEST_CASE(serves_the_type_takes_jobs_and_is_linked) {
  auto get = [](fleet_member x) {
    return recipient_of({{std::move(x)}}, "media:fast", {}).has_value();
  };
  BOOST_TEST(get(member("w2")));
  BOOST_TEST(!get(member("w2", 0, "ollama_webui:fast")));
  auto x = member("w2");
  x.facts.draining = true;
  BOOST_TEST(!get(x));
  x = member("w2");
  x.facts.unfit = "disk";
  BOOST_TEST(!get(x));
  x = member("w2");
  x.doubted = true;
  BOOST_TEST(!get(x));
  x = member("w2");
  x.linked = false;
  BOOST_TEST(!get(x));
  BOOST_TEST(!recipient_of({}, "media:fast", {}).has_value());
}

BOOST_AUTO_TEST_CASE(has_the_fewest_gpus_with_those_that_it_was_given) {
  msg::fleet_view all{{member("w2", 2), member("w3", 1), member("w4", 1)}};
  auto get = [&](const gifts& given) {
    return recipient_of(all, "media:fast", given).value();
  };
  BOOST_TEST(get({}) == "w3");
  BOOST_TEST(get({{"w3", 1}}) == "w4");
  BOOST_TEST(get({{"w3", 2}, {"w4", 2}}) == "w2");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_worker_that_leaves)

BOOST_AUTO_TEST_CASE(stops_its_gpus_when_nobody_is_there) {
  leaver f;
  f.x.on_fleet_view({}, t0);
  auto out = f.drain();
  BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
  BOOST_TEST(all<hand_over>(out).empty());
}

BOOST_AUTO_TEST_CASE(gives_its_idle_gpus_in_one_step) {
  leaver f{2};
  auto out = f.drain();
  BOOST_TEST(drained(out).empty());
  auto order = f.order(out);
  BOOST_TEST(order.to == "w2");
  BOOST_TEST((order.entries == std::vector<ledger_id>{"e1", "e2"}));
  out = f.x.on_handed_over(order, msg::gpus_handed_over{{"e1", "e2"}});
  auto let_go = all<let_go_of_gpu>(out);
  BOOST_REQUIRE(let_go.size() == 2u);
  BOOST_TEST(let_go[1].instance == 2u);
  BOOST_TEST(let_go[1].ledger_id == "e2");
  BOOST_REQUIRE(all<tell_given>(out).size() == 1u);
  BOOST_TEST(all<tell_given>(out)[0].to == "w2");
  BOOST_TEST(drained(out).empty());
}

BOOST_AUTO_TEST_CASE(says_how_long_each_has_had_no_job) {
  leaver f{1};
  auto order = f.order(f.x.on_drain("test", t0 + 50));
  BOOST_TEST(order.idle_s.at("e1") == 50);
}

BOOST_AUTO_TEST_CASE(counts_the_idle_time_of_those_that_it_was_given) {
  for (bool has_worked : {false, true}) {
    leaver f{0};
    gpu_entry entry;
    entry.id = "e1";
    entry.type = "media:fast";
    auto out = f.x.on_gpus_taken(msg::gpus_taken{{entry}, {}, 0, {{"e1", 200}}},
                                 t0);
    auto orders = all<rent>(out);
    BOOST_REQUIRE(orders.size() == 1u);
    BOOST_TEST(orders[0].given_idle_s.value_or(-1) == 200);
    f.tell(1, gpu_phase::ready);
    if (has_worked) {
      f.claim("a");
      f.x.on_job_ended(ended(1, "a"), t0 + 10);
    }
    auto order = f.order(f.x.on_drain("test", t0 + 50));
    BOOST_TEST(order.idle_s.at("e1") == (has_worked ? 40 : 250));
  }
}

BOOST_AUTO_TEST_CASE(shares_them_out) {
  leaver f{3};
  f.x.on_fleet_view({{member("w2"), member("w3", 1)}}, t0);
  auto orders = all<hand_over>(f.drain());
  BOOST_REQUIRE(orders.size() == 2u);
  BOOST_TEST((orders[0].what.entries == std::vector<ledger_id>{"e1", "e2"}));
  BOOST_TEST((orders[1].what.entries == std::vector<ledger_id>{"e3"}));
}

BOOST_AUTO_TEST_CASE(gives_a_busy_one_when_its_job_has_ended) {
  leaver f;
  f.claim("a");
  auto out = f.drain();
  BOOST_TEST(drained(out).empty());
  BOOST_TEST(all<hand_over>(out).empty());
  out = f.x.on_job_ended(ended(1, "a"), t0 + 5);
  BOOST_TEST((f.order(out).entries == std::vector<ledger_id>{"e1"}));
}

// The other one may leave meanwhile.
BOOST_AUTO_TEST_CASE(looks_who_is_there_when_the_job_has_ended) {
  leaver f;
  f.claim("a");
  f.drain();
  f.x.on_fleet_view({}, t0);
  auto out = f.x.on_job_ended(ended(1, "a"), t0 + 5);
  BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
}

BOOST_AUTO_TEST_CASE(gives_one_that_boots) {
  leaver f;
  f.tell(1, gpu_phase::booting);
  BOOST_TEST(f.order(f.drain()).to == "w2");
}

BOOST_AUTO_TEST_CASE(stops_one_that_is_not_launched_yet_or_stops_already) {
  for (auto phase : {gpu_phase::launching, gpu_phase::draining}) {
    leaver f;
    f.tell(1, phase);
    auto out = f.drain();
    BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
    BOOST_TEST(all<hand_over>(out).empty());
  }
}

BOOST_AUTO_TEST_CASE(stops_one_under_which_a_job_has_failed) {
  leaver f;
  f.claim("a");
  f.tell(1, gpu_phase::ready, 1);
  f.drain();
  auto out = f.x.on_job_ended(ended(1, "a", unavailable), t0 + 5);
  BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
  BOOST_TEST(all<hand_over>(out).empty());
}

BOOST_AUTO_TEST_CASE(stops_what_the_ledger_did_not_hand_over) {
  leaver f{2};
  auto order = f.order(f.drain());
  auto out = f.x.on_handed_over(order, msg::gpus_handed_over{{"e2"}});
  BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
  BOOST_TEST(all<let_go_of_gpu>(out).size() == 1u);
}

// It may be the other one's by now: stopping it would take it away.
BOOST_AUTO_TEST_CASE(asks_again_while_nobody_knows_whose_it_is) {
  leaver f;
  auto order = f.order(f.drain());
  auto out = f.x.on_handed_over(order, fail(no_redis));
  BOOST_TEST(drained(out).empty());
  auto due = timer_of(out, timer::hand_over);
  BOOST_TEST((due.delay == duration{1'000}));
  out = f.x.on_timer(due.which, due.generation, t0 + 1);
  BOOST_TEST(f.order(out).entries == order.entries);
  BOOST_TEST(f.x.on_timer(due.which, due.generation, t0 + 1).empty());
}

BOOST_AUTO_TEST_CASE(stops_it_when_the_ledger_refuses) {
  leaver f;
  auto order = f.order(f.drain());
  auto out = f.x.on_handed_over(order, fail(failure_kind::internal, "a bug"));
  BOOST_TEST(drained(out) == std::vector<uint64_t>{1});
}

BOOST_AUTO_TEST_CASE(has_drained_when_all_are_given) {
  leaver f;
  auto out = f.drain();
  auto order = f.order(out);
  auto grace = timer_of(out, timer::claim_grace);
  f.x.on_timer(grace.which, grace.generation, t0 + 1);
  out = f.x.on_handed_over(order, msg::gpus_handed_over{order.entries});
  BOOST_TEST(all<supervisor::flush_webhooks>(out).empty());
  out = f.tell(1, gpu_phase::gone);
  BOOST_TEST(all<supervisor::flush_webhooks>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(hurried_halts_what_it_has_not_given) {
  leaver f;
  f.claim("a");
  f.drain();
  auto out = f.drain();
  BOOST_TEST(all<supervisor::halt_gpu>(out).size() == 1u);
  out = f.x.on_job_ended(ended(1, "a", {failure_kind::shutting_down, "halt"}),
                         t0 + 5);
  BOOST_TEST(all<hand_over>(out).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_worker_that_is_given_gpus)

BOOST_AUTO_TEST_CASE(looks_at_once_and_as_often_as_before) {
  policy x{settings()};
  x.start();
  auto first = timer_of(x.on_gpus_taken(msg::gpus_taken{}, t0),
                        timer::adoption);
  BOOST_TEST(all<take_gpus>(x.on_gpus_given()).size() == 1u);
  auto second = timer_of(x.on_gpus_taken(msg::gpus_taken{}, t0),
                         timer::adoption);
  BOOST_TEST(x.on_timer(first.which, first.generation, t0 + 5).empty());
  BOOST_TEST(x.on_timer(second.which, second.generation, t0 + 5).size() == 1u);
}

BOOST_AUTO_TEST_CASE(leaves_them_to_others_when_it_leaves_itself) {
  policy x{settings()};
  x.start();
  x.on_drain("test", t0);
  BOOST_TEST(x.on_gpus_given().empty());
}

BOOST_AUTO_TEST_SUITE_END()
