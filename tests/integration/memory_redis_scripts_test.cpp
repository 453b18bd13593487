// The worker's scripts do the same on the Redis in memory as on a real one.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "tests/integration/redis_pair.hpp"

using namespace render;
using namespace render::harness;

namespace {

using job_store::script;

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
      return run(job_store::peek_script(), {"queue:jobs", "c3:waiting"},
                 {worker(), "5", "1000", d_.of(words{"10", "4000"}), now(),
                  "csm,whisper,portrait,analyze",
                  d_.of(words{"0", "3", "1000"}), "600000", id(), id()});
    case 8:
      return run(job_store::claim_one_script(),
                 {"queue:jobs", running(), "c3:leases", "c3:mark:p"},
                 {worker(), now(), "300", "30000", number(), number(), "86400",
                  "missing:", id(), "1000"});
    case 9:
      return run(
        job_store::release_script(),
        {"queue:jobs", record(), record() + ":lock", running(), "c3:leases"},
        {worker(), id(), fence()});
    case 10:
      if (d_.below(3) == 0)
        return run(job_store::ask_owner_script(), {record()},
                   {worker(), fence()});
      return run(job_store::progress_script(),
                 {record(), record() + ":lock", "c3:leases"},
                 {worker(), "300", d_.of(words{"", "render"}),
                  d_.of(words{"-1", "0.5"}), now(), fence(), "30000", id()});
    case 11:
      return settle();
    case 12:
      return run(job_store::take_webhooks_script(), {"c3:outbox"},
                 {"60000", "3", "c3:outbox:"});
    case 13:
      return deliver();
    case 14:
      return reconcile();
    case 15:
      return run(job_store::renew_script(), {"c3:leases"},
                 {worker(), "300", "30000", id(), fence(), id(), fence()});
    case 16:
      return run(job_store::recover_script(),
                 {"queue:jobs", "c3:leases", "c3:workers"},
                 {"2", "c3:running:", "lost: ", worker(), "90000"});
    case 17:
      return run(job_store::note_attempt_script(), {record()},
                 {worker(), fence(), "2", "why"});
    case 18:
      return run(job_store::note_remote_script(), {record()},
                 {worker(), fence(), d_.of(words{"", "there"})});
    case 19:
      return gpu_step();
    case 20:
      return restore();
    default:
      return run(job_store::claim_script(),
                 {"queue:jobs", running(), "c3:leases", "c3:mark:p"},
                 {worker(), now(), "300", d_.of(words{"1", "30000"}), number(),
                  number(), "86400", "missing:", "1000",
                  d_.of(words{"0", "2", "16"}), "csm,whisper,portrait,analyze",
                  d_.of(words{"", id()}),
                  d_.of(words{"", left_, "0 1 " + id() + " " + id(), "junk"}),
                  d_.of(words{"0", "1", "3"}), "csm,whisper,portrait",
                  d_.of(words{"0", "2"}), "analyze"});
    }
  }

private:
  void run(const script& x, const words& keys, words argv) {
    auto command = job_store::make_command(x, keys, std::move(argv)).args;
    command[0] = "EVAL";
    command[1] = at_our_time(x.text);
    servers_.both(command);
    if (&x == &job_store::claim_script() && servers_.last().ok())
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
    words keys{"c3:gpus", "c3:gpu:" + id};
    switch (d_.below(6)) {
    case 5:
      keys = {"c3:gpu:" + id, "c3:mark:p"};
      return run(job_store::look_at_gpu_script(), keys, {worker(), number()});
    case 4:
      return run(job_store::view_gpus_script(), {"c3:gpus", "c3:gpus:closed"},
                 {"c3:gpu:", "media:fast", d_.of(words{"0", "2"})});
    case 0:
      keys.push_back("c3:mark:p");
      return run(job_store::write_gpu_script(), keys,
                 {worker(), d_.of(words{"3000", "0"}), id, "c3:gpu:", number(),
                  number(), "type", "media:fast", "workload",
                  d_.of(words{"", "w", "v"})});
    case 1:
      return run(job_store::renew_gpus_script(), {"c3:gpus"},
                 {worker(), "3000", "c3:gpu:", "e1", "e2"});
    case 2:
      return run(job_store::take_gpus_script(), {"c3:gpus", "c3:mark:p"},
                 {worker(), "3000", "c3:gpu:", "2", number(), number()});
    default:
      keys.push_back("c3:gpus:closed");
      keys.push_back("c3:mark:p");
      return run(job_store::close_gpu_script(), keys,
                 {worker(), id, d_.of(words{"{w}", "{v}", "{}"}), "2",
                  "c3:gpu:", d_.of(words{"", "w", "v"}), d_.of(words{"w", "v"}),
                  d_.of(words{"{w", "x"}), number(), number()});
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
         d_.of(words{"", "one\ntwo", big_history_})});
    else if (d_.below(4) == 0)
      servers_.both({"SET", "job:" + id_, "no hash"});
    servers_.both({"RPUSH", "queue:jobs", id_});
  }

  void settle() {
    auto x = id();
    auto record = "job:" + x;
    run(job_store::settle_script(),
        {record, record + ":lock", running(), "c3:outbox", "c3:outbox:" + x,
         "c3:leases", "c3:mark:p"},
        {worker(),
         x,
         now(),
         d_.of(words{"success", "failed"}),
         "why",
         d_.of(words{"", "the text"}),
         d_.of(words{"", "http://s/x"}),
         d_.of(words{"0", "1"}),
         d_.of(words{"0", "1"}),
         "86400",
         d_.of(words{"", "http://r/hook"}),
         "{}",
         now_ms(),
         "60000",
         fence(),
         number(),
         number(),
         d_.of(words{"0", "1"}),
         "mac",
         d_.of(words{"", "notify_url: got 7"})});
  }

  // Leaves one member out, so that at most one is unknown: the order of several
  // would be Redis' own choice.
  void reconcile() {
    auto key = running();
    words argv{worker()};
    if (auto* x = servers_.memory().find(key))
      for (auto& member : std::get<redis_set>(x->data))
        argv.push_back(member);
    if (argv.size() > 1)
      argv.erase(argv.begin() + 1
                 + static_cast<std::ptrdiff_t>(d_.below(argv.size() - 1)));
    run(job_store::reconcile_script(), {"queue:jobs", key, "c3:leases"},
        std::move(argv));
  }

  void deliver() {
    auto x = id();
    run(job_store::record_delivery_script(),
        {"c3:outbox", "c3:webhooks:dead", "c3:outbox:" + x, "c3:mark:p"},
        {x, d_.of(words{"delivered", "retry_later", "dead"}), "2", "timeout",
         "5000", d_.of(words{"1", "100"}), "c3:outbox:", number(), number()});
  }

  void restore() {
    auto x = id();
    auto record = "job:" + x;
    run(job_store::restore_script(),
        {record, record + ":lock", running(), "c3:leases", "queue:jobs",
         "c3:mark:p"},
        {worker(), x, fence(), number(), "300", d_.of(words{"0", "30000"}),
         now(), "attempt", "1", "history", "", "id", x, "type", "csm", "data",
         "{}"});
  }

  std::string number() {
    return std::to_string(d_.below(50));
  }

  std::string id() {
    return "job-" + std::to_string(d_.below(12));
  }
  std::string record() {
    return "job:" + id();
  }
  std::string worker() {
    return worker_ = d_.of(words{"w1", "w2"});
  }
  std::string running() {
    return "c3:running:" + d_.of(words{"w1", "w2"});
  }
  std::string fence() {
    return d_.of(words{"1", "1", "2", "3"});
  }
  std::string now() const {
    return std::to_string(1'700'000'000 + static_cast<int64_t>(now_));
  }
  std::string now_ms() const {
    return std::to_string((1'700'000'000 + static_cast<int64_t>(now_)) * 1000);
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
  std::string worker_;
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
  auto& x = job_store::claim_script();
  auto command = job_store::make_command(
                   x, {"queue:jobs", "c3:running:w", "c3:leases", "c3:mark:w"},
                   {"w", "1", "300", "30000", "0", "1", "86400",
                    "missing:", "100", "16", "csm", "", "", "1", "csm"})
                   .args;
  command[0] = "EVAL";
  command[1] = x.text;
  for (auto& c : {command, words{"SET", "a", "b"}, words{"DEL", "a"},
                  words{"EVAL", "return redis.call('SET', 'a', 'b')", "0"}})
    BOOST_TEST(without_place(text_of(real.cmd_list(c)))
               == without_place(text_of(memory.run(c))));
}
