// The worker's scripts do the same on the Redis in memory as on a real one.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/scripts/ask_owner.hpp"
#include "actors/io/redis/scripts/ask_owners.hpp"
#include "actors/io/redis/scripts/claim.hpp"
#include "actors/io/redis/scripts/claim_one.hpp"
#include "actors/io/redis/scripts/close_gpu.hpp"
#include "actors/io/redis/scripts/look_at_gpu.hpp"
#include "actors/io/redis/scripts/note_attempt.hpp"
#include "actors/io/redis/scripts/note_remote.hpp"
#include "actors/io/redis/scripts/peek.hpp"
#include "actors/io/redis/scripts/progress.hpp"
#include "actors/io/redis/scripts/reconcile.hpp"
#include "actors/io/redis/scripts/record_delivery.hpp"
#include "actors/io/redis/scripts/recover.hpp"
#include "actors/io/redis/scripts/release.hpp"
#include "actors/io/redis/scripts/renew.hpp"
#include "actors/io/redis/scripts/renew_gpus.hpp"
#include "actors/io/redis/scripts/restore.hpp"
#include "actors/io/redis/scripts/settle.hpp"
#include "actors/io/redis/scripts/take_gpus.hpp"
#include "actors/io/redis/scripts/take_webhooks.hpp"
#include "actors/io/redis/scripts/view_gpus.hpp"
#include "actors/io/redis/scripts/write_gpu.hpp"
#include "tests/integration/redis_pair.hpp"

#include <cmath>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

using namespace render::job_store;

/// A life of jobs, drawn from the seed: the steps of producers, front ends,
/// Python workers and two workers, in any order.
class script_life {
public:
  script_life(pair_of_servers& servers, uint64_t seed)
    : servers_(servers), d_(seed) {
    // nop
  }

  void step() {
    now_ += static_cast<double>(d_.below(3'000)) / 1000;
    switch (d_.below(25)) {
    case 0:
    case 1:
    case 2:
      return produce();
    case 3:
      return servers_.both(
        {"HSET", record(), "status",
         d_.of(words{"cancelled", "failed", "timed_out", "queued"}), "error",
         "said so"});
    case 4:
      return servers_.both({"DEL", record()});
    case 5:
      return servers_.both(
        {"HSET", record(), "locked_by", d_.of(words{"python", "w1", ""})});
    case 6:
      return servers_.both({"DEL", record() + ":lock"});
    case 7:
      return run(call_of(peek_args{
        worker(),
        now_s(),
        5,
        count_terms{1'000, d_.of(std::vector<uint32_t>{0, 3, 1'000}), 600s},
        d_.of(std::vector<uint32_t>{10, 4'000}),
        {job_id{id()}, job_id{id()}}}));
    case 8:
      return run(call_of(claim_one_args{claimer_of(), id()}));
    case 9:
      return run(call_of(release_args{worker(), id(), fence()}));
    case 10:
      if (d_.below(3) == 0)
        return run(call_of(ask_owner_args{worker(), id(), fence()}));
      if (d_.below(3) == 0)
        return run(call_of(
          ask_owners_args{worker(), {{id(), fence()}, {id(), fence()}}}));
      return run(
        call_of(progress_args{worker(),
                              {job_id{id()}, d_.of(words{"", "render"}),
                               d_.of(std::vector<double>{-1, 0.5}), fence()},
                              now_s()}));
    case 11:
      return settle();
    case 12:
      return run(call_of(take_webhooks_args{"c3:", 60s, 3}));
    case 13:
      return deliver();
    case 14:
      return reconcile();
    case 15:
      return run(call_of(renew_args{worker(),
                                    d_.below(2) == 0,
                                    d_.below(2) == 0,
                                    {{id(), fence()}, {id(), fence()}}}));
    case 16:
      return run(call_of(recover_args{worker(), 2, 90s}));
    case 17:
      return run(call_of(note_attempt_args{worker(), attempt_of(id())}));
    case 18:
      return run(call_of(
        note_remote_args{worker(), id(), fence(), d_.of(words{"", "there"})}));
    case 19:
      return gpu_step();
    case 20:
      return restore();
    default:
      auto by = claimer_of();
      by.worker.lease = d_.of(std::vector<milliseconds>{1ms, 30s});
      by.ids_max = 1'000;
      return run(call_of(claim_args{
        by,
        d_.of(std::vector<uint32_t>{0, 2, 16}),
        {d_.of(words{"", id()}),
         d_.of(words{"", left_, "0 1 " + id() + " " + id(), "junk"})},
        {{{"csm", "whisper", "portrait"},
          d_.of(std::vector<uint32_t>{0, 1, 3})},
         {{"analyze"}, d_.of(std::vector<uint32_t>{0, 2})}}}));
    }
  }

private:
  void run(script_call x) {
    auto is_claim = x.lua->name == "claim";
    auto command = make_ordered_command(std::move(x)).args;
    command[1] = at_our_time(command[1]);
    servers_.both(command);
    if (is_claim && servers_.last().ok())
      left_ = servers_.last().elements.at(5).text;
  }

  // Replaces Redis' clock, since two servers never agree to the millisecond.
  std::string at_our_time(std::string text) const {
    const std::string asks = "redis.call('TIME')";
    if (auto at = text.find(asks); at != std::string::npos)
      text.replace(at, asks.size(), "{'" + now() + "', '0'}");
    return text;
  }

  void gpu_step() {
    auto id = d_.of(words{"e1", "e2", "e3"});
    auto by = worker();
    by.lease = 3s;
    switch (d_.below(6)) {
    case 5:
      return run(call_of(look_at_gpu_args{"c3:", id, {"p"}, by.id, number()}));
    case 4:
      return run(call_of(view_gpus_args{"c3:", "media:fast",
                                        d_.of(std::vector<uint32_t>{0, 2})}));
    case 0:
      by.lease = d_.of(std::vector<milliseconds>{3s, 0s});
      return run(call_of(write_gpu_args{
        by,
        mark(),
        id,
        {"type", "media:fast", "workload", d_.of(words{"", "w", "v"})}}));
    case 1:
      return run(call_of(renew_gpus_args{by, {"e1", "e2"}}));
    case 2:
      return run(call_of(take_gpus_args{by, mark(), 2}));
    default:
      msg::close_gpu what;
      what.entry.id = ledger_id{id};
      what.entry.workload = workload_id{d_.of(words{"", "w", "v"})};
      what.reason = "idle";
      return run(call_of(close_gpu_args{by, mark(), what, now_s(), 2}));
    }
  }

  void produce() {
    id_ = "job-" + std::to_string(d_.below(12));
    if (d_.below(10) > 0)
      servers_.both(
        {"HSET",
         "job:" + id_,
         "id",
         id_,
         "type",
         d_.of(words{"csm", "whisper", "analyze", "portrait", "dance"}),
         "status",
         "queued",
         "created_at",
         now(),
         "complete_by",
         d_.of(words{"0", "1700000100.5", "x", "9999999999"}),
         "max_time",
         "60",
         "data",
         d_.of(words{R"({"text":"hello"})", R"({"notify_url":"http://r/h"})",
                     big_data_}),
         "fence",
         d_.of(words{"0", "1", "nan", "1e300", "-1", "2"}),
         "history",
         d_.of(words{"", "one\ntwo", big_history_}),
         "traceparent",
         d_.of(words{"", "00-a", big_history_}),
         "tracestate",
         d_.of(words{"", "a=1", big_history_})});
    else if (d_.below(4) == 0)
      servers_.both({"SET", "job:" + id_, "no hash"});
    servers_.both({"RPUSH", "queue:jobs", id_});
  }

  void settle() {
    settle_args x;
    x.worker = worker();
    x.mark = mark();
    x.now_s = now_s();
    x.job_id = id();
    x.fence = fence();
    if (d_.below(2) == 0)
      x.outcome = failed_outcome({failure_kind::rejected, "why"});
    x.outcome.text = d_.of(words{"", "the text"});
    x.outcome.result_url = d_.of(words{"", "http://s/x"});
    x.made_record = d_.of(std::vector<std::chrono::seconds>{0s, 86'400s});
    x.wanted.url = d_.of(words{"", "http://r/hook"});
    x.wanted.body = "{}";
    x.cut_short = d_.below(2) == 0;
    x.mac = "mac";
    x.notice = d_.of(words{"", "notify_url: got 7"});
    if (d_.below(2) == 0)
      x.outcome.trace = {1, 2, 3, true, d_.of(words{"", "a=1"})};
    auto call = call_of(x);
    for (auto more = d_.below(3); more > 0; --more) {
      x.job_id = id();
      x.fence = fence();
      auto one = call_of(x);
      call.argv.insert(call.argv.end(),
                       one.argv.begin() + static_cast<long>(one.item_at),
                       one.argv.end());
    }
    run(std::move(call));
  }

  // Leaves one member out, so that at most one is unknown: the order of several
  // would be Redis' own choice.
  void reconcile() {
    reconcile_args x{worker(), {}};
    if (auto* found = servers_.memory().find("c3:running:" + x.worker.id))
      for (auto& member : std::get<redis_set>(found->data))
        x.known.push_back(member);
    if (!x.known.empty())
      x.known.erase(x.known.begin()
                    + static_cast<std::ptrdiff_t>(d_.below(x.known.size())));
    run(call_of(x));
  }

  void deliver() {
    run(call_of(record_delivery_args{
      "c3:", mark(), id(), d_.of(words{"delivered", "retry_later", "dead"}), 2,
      "timeout", 5s, d_.of(std::vector<uint32_t>{1, 100})}));
  }

  void restore() {
    restore_args x;
    x.worker = worker();
    x.worker.lease = d_.of(std::vector<milliseconds>{0s, 30s});
    x.subject = attempt_of(id());
    x.session = {"p"};
    x.confirmed = number();
    x.now_s = now_s();
    run(call_of(x));
  }

  job attempt_of(std::string id) {
    job out;
    out.id = job_id{std::move(id)};
    out.fence = fence();
    out.attempt = 2;
    out.type = "csm";
    out.data = "{}";
    out.history = {"why"};
    return out;
  }

  mark_move mark() {
    return {{"p"}, number(), number()};
  }

  claimer claimer_of() {
    return {worker(), mark(), now_s(), 86'400s, 1'000};
  }

  uint64_t number() {
    return d_.below(50);
  }

  std::string id() {
    return "job-" + std::to_string(d_.below(12));
  }
  std::string record() {
    return "job:" + id();
  }
  worker_terms worker() {
    return {worker_id{d_.of(words{"w1", "w2"})}, "c3:", 300s, 30s};
  }
  uint64_t fence() {
    return d_.of(std::vector<uint64_t>{1, 1, 2, 3});
  }
  double now_s() const {
    return 1'700'000'000 + std::floor(now_);
  }
  std::string now() const {
    return std::to_string(1'700'000'000 + static_cast<int64_t>(now_));
  }
  /// Longer than a job's data may be.
  const std::string big_data_ = R"({"notify_url": "http://r/h","text":")"
                                + std::string(1'100'000, 'x') + "\"}";
  const std::string big_history_ = std::string(40'000, 'x') + "\nlast";
  pair_of_servers& servers_;
  chooser d_;
  double now_ = 0;
  std::string id_ = "job-0";
  /// The queue's cursor, as returned by the last claim.
  std::string left_;
};

} // namespace

BOOST_AUTO_TEST_CASE(our_scripts_do_the_same_on_a_real_redis) {
  pair_of_servers servers;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    BOOST_TEST_MESSAGE("seed " << seed);
    servers.clear();
    script_life life{servers, seed};
    for (auto i = 0; i < 600; ++i)
      life.step();
    servers.same_data();
  }
}

BOOST_AUTO_TEST_CASE(numbers_of_a_script_are_written_alike) {
  pair_of_servers servers;
  for (auto* number :
       {"0", "-0", "7", "-7", "1.5", "1/3", "1/0", "-1/0", "999999999999999",
        "1e15", "-1e15", "2^53", "123456789012345678", "1e300", "1e-300"})
    servers.both(
      {"EVAL", "return redis.call('ECHO', " + std::string{number} + ")", "0"});
}

BOOST_AUTO_TEST_CASE(a_script_out_of_memory_changes_nothing) {
  redis_server real{{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}};
  memory_redis memory{unix_ms};
  memory.now_is.out_of_memory = true;
  claim_args what;
  what.by.worker.id = "w";
  what.quotas = {{{"csm"}, 1}};
  auto command = make_ordered_command(call_of(what)).args;
  for (auto& c : {command, words{"SET", "a", "b"}, words{"DEL", "a"},
                  words{"EVAL", "return redis.call('SET', 'a', 'b')", "0"}})
    BOOST_TEST(without_place(text_of(real.cmd_list(c)))
               == without_place(text_of(memory.run(c))));
}
