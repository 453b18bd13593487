// The scripts of the launch ledger: which keys each of them changes, and that
// it touches no other.
#include "actors/io/redis/scripts/close_gpu.hpp"
#include "actors/io/redis/scripts/hand_over.hpp"
#include "actors/io/redis/scripts/heartbeat.hpp"
#include "actors/io/redis/scripts/look_at_gpu.hpp"
#include "actors/io/redis/scripts/renew_gpus.hpp"
#include "actors/io/redis/scripts/take_gpus.hpp"
#include "actors/io/redis/scripts/view_gpus.hpp"
#include "actors/io/redis/scripts/write_gpu.hpp"
#include "tests/unit/script_keyspace.hpp"

using namespace render;
using namespace render::job_store;
using namespace std::chrono_literals;
using keyspace::check;
using keyspace::now_s;

namespace {

worker_terms w1() {
  return {"w1", "c3:", 300s, 30s};
}

mark_move next_write() {
  return {{"s1"}, 4, 5};
}

const std::vector<std::string> nothing;

const std::vector<std::string> mark_moves{"- c3:mark:s1=4", "+ c3:mark:s1=5",
                                          "- c3:mark:s1 lives=1000000 ms",
                                          "+ c3:mark:s1 lives=604800000 ms"};

std::vector<std::string> moving_the_mark(std::vector<std::string> a) {
  a.insert(a.end(), mark_moves.begin(), mark_moves.end());
  return a;
}

write_gpu_args write(const std::string& id, const std::string& workload) {
  return {w1(), next_write(), id, {"state", "booting", "workload", workload}};
}

/// A launch of a dollar an hour, for an hour from 800 s after a full one.
write_gpu_args launch_of(const std::string& id, int64_t per_hour) {
  write_gpu_args out{w1(),
                     next_write(),
                     id,
                     {"type", "media:fast", "state", "intent", "expires",
                      "1700003600", "workload", ""}};
  out.spending.prices = {{workload_type{"media:fast"}, 3'600'000}};
  out.spending.per_hour = per_hour;
  out.asked = true;
  return out;
}

close_gpu_args end_of(const std::string& id, const std::string& workload) {
  close_gpu_args out{w1(), next_write(), {}, now_s, 1};
  out.what.entry.id = ledger_id{id};
  out.what.entry.type = "media:fast";
  out.what.entry.workload = workload_id{workload};
  out.what.reason = "idle";
  return out;
}

const std::string closed_e1
  = R"({"id":"e1","type":"media:fast","workload":"wl-1","node":"",)"
    R"("worker":"w1","launched_at":0,"stopped_at":1700000000,"seconds":0,)"
    R"("refund_amount":0,"reason":"idle"})";

} // namespace

BOOST_AUTO_TEST_SUITE(a_script_of_the_ledger_changes_what_its_contract_names)

BOOST_AUTO_TEST_CASE(of_an_entry) {
  check({
    {"ours",
     call_of(write("e1", "wl-1")),
     moving_the_mark({"- c3:gpu:e1 state=running", "+ c3:gpu:e1 state=booting",
                      "- c3:gpus e1=1700000010000",
                      "+ c3:gpus e1=1700000030000",
                      "+ c3:events= what gpu_booting gpu e1 type  worker w1"}),
     {}},
    {"ours, of which nothing but the workload is new",
     call_of(write_gpu_args{w1(), next_write(), "e1", {"workload", "wl-1"}}),
     moving_the_mark(
       {"- c3:gpus e1=1700000010000", "+ c3:gpus e1=1700000030000"}),
     {}},
    {"a new one",
     call_of(write("e9", "")),
     moving_the_mark({"+ c3:gpu:e9 owner=w1", "+ c3:gpu:e9 state=booting",
                      "+ c3:gpu:e9 workload=", "+ c3:gpus e9=1700000030000",
                      "+ c3:events= what gpu_booting gpu e9 type  worker w1"}),
     {}},
    {"another's", call_of(write("e2", "wl-2")), nothing, {}},
    {"a workload that another entry has",
     call_of(write("e9", "wl-2")),
     nothing,
     {}},
  });
}

BOOST_AUTO_TEST_CASE(of_what_a_launch_may_cost) {
  check({
    {"within the limit",
     call_of(launch_of("e9", 2'800'000)),
     moving_the_mark(
       {"+ c3:gpu:e9 owner=w1", "+ c3:gpu:e9 type=media:fast",
        "+ c3:gpu:e9 state=intent", "+ c3:gpu:e9 expires=1700003600",
        "+ c3:gpu:e9 workload=", "+ c3:gpu:e9 paid_from=1700000000000",
        "+ c3:gpu:e9 paid_to=1700003600000", "+ c3:gpu:e9 paid_rate=3600000",
        "+ c3:gpus e9=1700000030000", "+ c3:spend:472222 reserved=2800000",
        "+ c3:spend:472222 lives=3456000000 ms",
        "+ c3:spend:472223 reserved=800000",
        "+ c3:spend:472223 lives=3456000000 ms",
        "+ c3:events= what gpu_intent gpu e9 type media:fast worker w1"}),
     {}},
    {"beyond it", call_of(launch_of("e9", 2'799'999)), nothing, {}},
    {"beyond it with what is reserved",
     call_of(launch_of("e9", 2'800'000)),
     nothing,
     {{"HSET", "c3:spend:472223", "reserved", "2000001"}}},
    {"beyond it with what is spent",
     call_of(launch_of("e9", 2'800'000)),
     nothing,
     {{"HSET", "c3:spend:472222", "usd", "1"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_leases) {
  check({
    {"ours and another's",
     call_of(renew_gpus_args{w1(), {"e1", "e2", "none"}}),
     {"- c3:gpus e1=1700000010000", "+ c3:gpus e1=1700000030000"},
     {}},
    {"that have run out",
     call_of(take_gpus_args{w1(), next_write(), 10}),
     moving_the_mark({"- c3:gpu:e2 owner=w2", "+ c3:gpu:e2 owner=w1",
                      "- c3:gpus e2=1699999999000",
                      "+ c3:gpus e2=1700000030000",
                      "+ c3:events= what gpu_taken gpu e2 type media:fast "
                      "worker w1"}),
     {}},
    {"none has run out",
     call_of(take_gpus_args{w1(), next_write(), 10}),
     nothing,
     {{"ZREM", "c3:gpus", "e2"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_a_hand_over) {
  auto give = [](std::vector<ledger_id> entries) {
    return call_of(hand_over_args{w1(), next_write(), {entries, "w9"}});
  };
  check({
    {"ours, another's and nobody's",
     give({"e1", "e2", "none"}),
     moving_the_mark(
       {"- c3:gpu:e1 owner=w1",
        "+ c3:gpu:e1 owner=", "+ c3:gpu:e1 idle_since=1700000000.000",
        "- c3:gpus e1=1700000010000", "+ c3:gpus e1=1700000030000",
        "+ c3:given:w9 has e1", "+ c3:given:w9 lives=60000 ms"}),
     {}},
    {"one that stops",
     give({"e1"}),
     nothing,
     {{"HSET", "c3:gpu:e1", "state", "stopping"}}},
    {"one that has changed hands before",
     give({"e1"}),
     mark_moves,
     {{"HSET", "c3:gpu:e1", "owner", "w9"}}},
    {"taken by the one that got it",
     call_of(take_gpus_args{w1(), next_write(), 1}),
     moving_the_mark({"- c3:gpu:e1 owner=", "+ c3:gpu:e1 owner=w1",
                      "- c3:gpus e1=1700000010000",
                      "+ c3:gpus e1=1700000030000", "- c3:given:w1 has e1",
                      "+ c3:events= what gpu_taken gpu e1 type media:fast "
                      "worker w1"}),
     {{"HSET", "c3:gpu:e1", "owner", ""},
      {"SADD", "c3:given:w1", "e1"},
      {"ZREM", "c3:gpus", "e2"}}},
    {"taken by somebody else meanwhile",
     call_of(take_gpus_args{w1(), next_write(), 10}),
     {"- c3:given:w1 has e1"},
     {{"HSET", "c3:gpu:e1", "owner", "w3"},
      {"SADD", "c3:given:w1", "e1"},
      {"ZREM", "c3:gpus", "e2"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_a_heartbeat) {
  check({
    {"the first",
     call_of(heartbeat_args{w1(), {"version", "1", "jobs", "2"}}),
     {"+ c3:worker:w1 seen_at=1700000000.000000", "+ c3:worker:w1 version=1",
      "+ c3:worker:w1 jobs=2", "+ c3:worker:w1 lives=35000 ms",
      "+ c3:workers w1=1700000090000"},
     {}},
    {"that it has started, and that it drains",
     call_of(
       heartbeat_args{w1(), {"incarnation", "1699999999000", "draining", "1"}}),
     {"+ c3:worker:w1 seen_at=1700000000.000000",
      "+ c3:worker:w1 incarnation=1699999999000", "+ c3:worker:w1 draining=1",
      "+ c3:worker:w1 lives=35000 ms", "+ c3:workers w1=1700000090000",
      "+ c3:events= what worker_started worker w1",
      "+ c3:events= what worker_draining worker w1"},
     {}},
    {"after an hour in which it could not write",
     call_of(heartbeat_args{w1(), {"incarnation", "1699996400000"}}),
     {"+ c3:worker:w1 seen_at=1700000000.000000",
      "+ c3:worker:w1 incarnation=1699996400000",
      "+ c3:worker:w1 lives=35000 ms", "+ c3:workers w1=1700000090000"},
     {}},
    {"the second",
     call_of(heartbeat_args{w1(), {"incarnation", "1699999999000"}}),
     {"+ c3:worker:w1 seen_at=1700000000.000000",
      "+ c3:worker:w1 lives=35000 ms", "+ c3:workers w1=1700000090000"},
     {{"HSET", "c3:worker:w1", "incarnation", "1699999999000"}}},
    {"in the place of something else",
     call_of(heartbeat_args{w1(), {"version", "1"}}),
     nothing,
     {{"SET", "c3:worker:w1", "x"}}},
  });
}

BOOST_AUTO_TEST_CASE(of_a_look) {
  check({
    {"all", call_of(view_gpus_args{"c3:", "media:fast", 10}), nothing, {}},
    {"one",
     call_of(look_at_gpu_args{"c3:", "e1", {"s1"}, "w1", 4}),
     nothing,
     {}},
  });
}

BOOST_AUTO_TEST_CASE(of_an_end) {
  check({
    {"ours",
     call_of(end_of("e1", "wl-1")),
     moving_the_mark({"- c3:gpu:e1 owner=w1", "- c3:gpu:e1 type=media:fast",
                      "- c3:gpu:e1 state=running", "- c3:gpu:e1 workload=wl-1",
                      "- c3:gpu:e1 expires=1700003600",
                      "- c3:gpu:e1 intent_at=1699999000",
                      "- c3:gpus e1=1700000010000",
                      "- c3:gpus:closed= {\"id\":\"e0\",\"workload\":\"wl-0\"}",
                      "+ c3:gpus:closed= " + closed_e1,
                      "+ c3:events= what gpu_closed gpu e1 type media:fast "
                      "worker w1 reason idle"}),
     {}},
    {"another's", call_of(end_of("e2", "wl-2")), nothing, {}},
    {"whose workload is another launch's",
     call_of(end_of("e1", "wl-2")),
     moving_the_mark({"- c3:gpu:e1 owner=w1", "+ c3:gpu:e1 owner=",
                      "- c3:gpu:e1 state=running", "+ c3:gpu:e1 state=intent",
                      "- c3:gpu:e1 workload=wl-1", "+ c3:gpu:e1 workload=",
                      "+ c3:gpu:e1 node=", "+ c3:gpu:e1 launched_at=0",
                      "- c3:gpus e1=1700000010000", "+ c3:gpus e1=0"}),
     {}},
  });
}

BOOST_AUTO_TEST_SUITE_END()
