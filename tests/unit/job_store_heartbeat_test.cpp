// What a worker says of itself in Redis, and for how long.
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace render;
using namespace render::job_store;

namespace {

msg::gpu_update gpu(gpu_phase phase, uint32_t busy = 0) {
  msg::gpu_update out;
  out.phase = phase;
  out.busy_slots = busy;
  return out;
}

std::map<std::string, std::string> said(const msg::node_status& x,
                                        const noted_error& last = {},
                                        const account_seen& account = {}) {
  worker_card card{"1.2.3", "h1", "", 2, 4, "A=1\n"};
  auto fields = heartbeat_fields(card, {"w1", 1'700'000'000'500}, x, last,
                                 account);
  std::map<std::string, std::string> out;
  for (size_t i = 0; i + 1 < fields.size(); i += 2)
    out[fields[i]] = fields[i + 1];
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_heartbeat)

BOOST_AUTO_TEST_CASE(says_which_life_it_is) {
  auto got = said({});
  BOOST_TEST(got["version"] == "1.2.3");
  BOOST_TEST(got["host"] == "h1");
  BOOST_TEST(got["incarnation"] == "1700000000500");
  BOOST_TEST(got["started_at"] == "1700000000.5");
  BOOST_TEST(got["max_gpus"] == "4");
  BOOST_TEST(got["draining"] == "0");
}

BOOST_AUTO_TEST_CASE(counts_slots_of_ready_gpus) {
  msg::node_status x;
  x.gpus = {gpu(gpu_phase::ready, 1), gpu(gpu_phase::ready, 2),
            gpu(gpu_phase::booting), gpu(gpu_phase::draining, 1)};
  x.running_jobs = {"a", "b", "c", "d"};
  auto got = said(x);
  BOOST_TEST(got["slots"] == "4");
  BOOST_TEST(got["free_slots"] == "1");
  BOOST_TEST(got["gpus_ready"] == "2");
  BOOST_TEST(got["gpus_booting"] == "1");
  BOOST_TEST(got["gpus_draining"] == "1");
  BOOST_TEST(got["gpus_stopping"] == "0");
  BOOST_TEST(got["jobs"] == "4");
}

BOOST_AUTO_TEST_CASE(offers_no_slot_while_it_drains) {
  msg::node_status x;
  x.draining = true;
  x.gpus = {gpu(gpu_phase::ready)};
  auto got = said(x);
  BOOST_TEST(got["free_slots"] == "0");
  BOOST_TEST(got["draining"] == "1");
}

// Fields of an earlier one would stay.
BOOST_AUTO_TEST_CASE(says_all_of_it_each_time) {
  auto calm = said({});
  msg::node_status sick;
  sick.unfit = "disk";
  sick.unfit_text = "full";
  sick.peers = 2;
  sick.plans_with_peers = true;
  auto got = said(sick, {"job a: lost", 7});
  BOOST_TEST(got["unfit"] == "disk");
  BOOST_TEST(got["peers"] == "2");
  BOOST_TEST(got["plans_with_peers"] == "1");
  BOOST_TEST(calm["plans_with_peers"] == "0");
  BOOST_TEST(got["error"] == "job a: lost");
  BOOST_TEST(got["error_at"] == "7");
  BOOST_TEST(calm.size() == got.size());
  BOOST_TEST(calm["unfit"] == "");
}

BOOST_AUTO_TEST_CASE(says_why_jobs_wait_and_what_is_set) {
  msg::node_status x;
  x.at_s = 100;
  launch_reason why{launch_reason_kind::jitter};
  why.until_s = 112;
  why.jobs = 3;
  x.launches["media:fast"] = why;
  auto got = said(x);
  BOOST_TEST(got["launches"]
             == R"({"media:fast":{"reason":"jitter","text":)"
                R"("jitter, launch in 12 s","jobs":3,"until":112}})");
  BOOST_TEST(said({})["launches"] == "{}");
  BOOST_TEST(got["settings"] == "A=1\n");
}

BOOST_AUTO_TEST_CASE(says_what_the_provider_has_told) {
  auto got = said({});
  BOOST_TEST(got["balance"] == "");
  BOOST_TEST(got["balance_at"] == "0");
  BOOST_TEST(got["provider"] == "");
  account_seen seen;
  seen.balance = {12.5, 1'700'000'000};
  seen.gpus.emplace();
  seen.gpus->at_s = 1'700'000'001;
  seen.gpus->types[workload_type{"media:fast"}] = 1;
  seen.gpus->unknown = {{workload_id{"w9"}, workload_type{"media:fast"}, 5, 6}};
  got = said({}, {}, seen);
  BOOST_TEST(got["balance"] == "12.5");
  BOOST_TEST(got["balance_at"] == "1700000000");
  BOOST_TEST(got["provider"]
             == R"({"at":1700000001,"types":{"media:fast":1},"others":0,)"
                R"("unknown":[{"workload":"w9","type":"media:fast",)"
                R"("created":5,"since":6}],"more_unknown":0,"lost":[],)"
                R"("more_lost":0})");
}

BOOST_AUTO_TEST_CASE(brings_the_orders_of_the_fleet) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  auto paused = [&] {
    std::string out = "no answer";
    x.all.heartbeat.tell({}, [&](result<msg::fleet_orders> got) {
      out = got ? got->paused : got.error().message;
    });
    x.serve();
    return out;
  };
  BOOST_TEST(paused() == "");
  world.run({"HSET", "c3:paused", "since", "1796022000", "by", "ann", "why",
             "too dear"});
  BOOST_TEST(paused() == "by ann since 2026-11-30 07:00:00 UTC: too dear");
  world.run({"SET", "c3:worker:w1", "in the way"});
  BOOST_TEST(paused() == "by ann since 2026-11-30 07:00:00 UTC: too dear");
  world.run({"DEL", "c3:paused"});
  world.run({"SET", "c3:paused", "of another type"});
  BOOST_TEST(paused() == "");
}

BOOST_AUTO_TEST_CASE(brings_how_many_webhooks_are_left) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  auto& seen = *x.port.cfg.counts;
  auto tell = [&] {
    x.all.heartbeat.tell({}, [](auto) {});
    x.serve();
  };
  tell();
  BOOST_TEST(seen.webhooks_pending.get() == 0);
  world.run({"ZADD", "c3:outbox", "1", "a", "2", "b"});
  world.run({"ZADD", "c3:webhooks:dead", "1", "c"});
  tell();
  BOOST_TEST(seen.webhooks_pending.get() == 2);
  BOOST_TEST(seen.webhooks_dead.get() == 1);
  world.run({"DEL", "c3:outbox"});
  world.run({"SET", "c3:outbox", "of another type"});
  tell();
  BOOST_TEST(seen.webhooks_pending.get() == -1);
  BOOST_TEST(seen.webhooks_dead.get() == 1);
}

BOOST_AUTO_TEST_CASE(brings_what_is_wished_of_the_worker) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  job_store::wishes heard;
  x.all.heartbeat.follow_wishes([&](const job_store::wishes& got) {
    heard = got;
  });
  auto tell = [&] {
    heard = {};
    x.all.heartbeat.tell({}, [](result<msg::fleet_orders> got) {
      BOOST_REQUIRE(got);
    });
    x.serve();
    return heard;
  };
  auto text = [](const std::vector<job_store::wishes::of_gpu>& gpus) {
    std::string out;
    for (auto& gpu : gpus)
      out += gpu.id.text() + " by " + gpu.by + ";";
    return out;
  };
  BOOST_TEST(tell().drain == "");
  auto own = world.field("c3:worker:w1", "incarnation");
  world.run({"HSET", "c3:wishes:w1", "drain", "17 ann", "gpu:e1", "drain ann",
             "gpu:e2", "stop bob\nthe builder", "gpu:e3", "polish ann", "other",
             "drain", "gpu:e4", ""});
  auto got = tell();
  // Of a process before this one.
  BOOST_TEST(got.drain == "");
  BOOST_TEST(text(got.drain_gpus) == "e1 by ann;");
  BOOST_TEST(text(got.stop_gpus).starts_with("e2 by bob"));
  BOOST_TEST(text(got.stop_gpus).find('\n') == std::string::npos);
  // Nobody may have taken it yet: its GPU INSTANCE has not written the entry.
  BOOST_TEST(text(tell().drain_gpus) == "e1 by ann;");
  // It may be hurried.
  world.run({"HSET", "c3:wishes:w1", "gpu:e1", "stop"});
  got = tell();
  BOOST_TEST(got.drain_gpus.empty());
  BOOST_TEST(text(got.stop_gpus).find("e1 by somebody;") != std::string::npos);
  world.run({"HSET", "c3:wishes:w1", "drain", own + " ann\nat home"});
  BOOST_TEST(tell().drain.starts_with("ann"));
  BOOST_TEST(tell().drain.starts_with("ann"));
}

BOOST_AUTO_TEST_CASE(has_wishes_for_who_has_written_a_gpus_entry) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  std::string halted;
  auto tell = [&](const std::string& why) {
    x.all.gpus.tell(ledger_id{"e1"}, msg::halt_gpu{why});
  };
  tell("a");
  gpu_entry entry;
  entry.id = ledger_id{"e1"};
  x.all.gpus.write(
    entry,
    [&](const word_to_writer& what) {
      halted += std::get<msg::halt_gpu>(what).reason;
    },
    [](auto) {});
  tell("c");
  x.serve();
  tell("d");
  x.all.gpus.leave({"e1"});
  tell("e");
  BOOST_TEST(halted == "cd");
}

BOOST_AUTO_TEST_CASE(brings_no_wishes_that_nobody_could_have) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  size_t heard = 0;
  x.all.heartbeat.follow_wishes([&](const job_store::wishes& got) {
    heard += got.stop_gpus.size();
  });
  auto tell = [&] {
    x.all.heartbeat.tell({}, [](result<msg::fleet_orders> got) {
      BOOST_TEST(got.has_value());
    });
    x.serve();
  };
  world.run({"SET", "c3:wishes:w1", "of another type"});
  tell();
  world.run({"DEL", "c3:wishes:w1"});
  for (int i = 0; i < 201; ++i)
    world.run({"HSET", "c3:wishes:w1", "gpu:x" + std::to_string(i), "stop"});
  tell();
  BOOST_TEST(heard == 0u);
  world.run({"HDEL", "c3:wishes:w1", "gpu:x0"});
  // A record that is no hash hides nothing.
  world.run({"SET", "c3:worker:w1", "in the way"});
  tell();
  BOOST_TEST(heard == 200u);
}

BOOST_AUTO_TEST_CASE(is_shown_until_three_of_them_are_missing) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  x.all.heartbeat.tell({}, [](auto) {});
  x.serve();
  world.now_ms += 34'999;
  BOOST_TEST(world.field("c3:worker:w1", "draining") == "0");
  BOOST_TEST(world.field("c3:worker:w1", "seen_at") == "1700000000.000000");
  world.now_ms += 1;
  BOOST_TEST(world.field("c3:worker:w1", "draining") == "");
  BOOST_TEST(world.run({"ZSCORE", "c3:workers", "w1"}).text == "1700000090000");
}

// It may be all that this worker has to write, and meanwhile nobody could renew
// a lease.
BOOST_AUTO_TEST_CASE(that_is_refused_gives_the_living_time_to_renew) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  world.now_ms += 29'000;
  world.redis.now_is.out_of_memory = true;
  x.all.heartbeat.tell({}, [](auto) {});
  x.serve();
  world.redis.now_is.out_of_memory = false;
  world.run({"ZADD", "c3:gpus", "1", "e9"});
  auto takes_over_after = [&](int64_t ms) {
    world.now_ms += ms;
    x.all.leases.take_gpus(msg::take_gpus{}, [](auto) {
      // What it says is of no interest.
    });
    x.serve();
    return world.run({"ZSCORE", "c3:gpus", "e9"}).text.empty();
  };
  BOOST_TEST(!takes_over_after(29'000));
  BOOST_TEST(takes_over_after(1'000));
}

BOOST_AUTO_TEST_SUITE_END()
