// The Redis in memory against a real one: the same commands, drawn from a
// seed, get the same answers and leave the same data.
#define BOOST_TEST_MODULE memory_redis
#include "actors/io/job_store/command.hpp"
#include "actors/io/job_store/keys.hpp"
#include "tests/harness/memory_redis.hpp"
#include "tests/harness/redis_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

namespace {

using namespace render;
using namespace render::harness;
using words = std::vector<std::string>;

int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

std::string text_of(const redis_answer& x) {
  if (!x.error.empty())
    return "error(" + x.error + ")";
  if (x.nil)
    return "nil";
  if (!x.elements.empty()) {
    std::string out = "[";
    for (auto& y : x.elements)
      out += text_of(y) + " ";
    return out + "]";
  }
  return x.text.empty() ? std::to_string(x.integer) : x.text;
}

std::string text_of(const job_store::reply& x) {
  using kind = job_store::reply::kind;
  switch (x.type) {
  case kind::error:
    return "error(" + x.text + ")";
  case kind::nil:
    return "nil";
  case kind::array: {
    if (x.elements.empty())
      return "0";
    std::string out = "[";
    for (auto& y : x.elements)
      out += text_of(y) + " ";
    return out + "]";
  }
  default:
    // An empty text and a 0 look the same in what hiredis hands out here.
    return x.text.empty() ? std::to_string(x.integer) : x.text;
  }
}

/// Without the line of a script's error, which LuaJIT does not always know.
std::string without_place(std::string text) {
  auto at = text.find(" script: ");
  return at == std::string::npos ? text : text.substr(0, at) + ")";
}

/// Elements of an unordered reply, in order.
void sort_elements(redis_answer& x, size_t group) {
  std::vector<std::vector<redis_answer>> groups;
  for (size_t i = 0; i + group <= x.elements.size(); i += group)
    groups.emplace_back(x.elements.begin() + static_cast<std::ptrdiff_t>(i),
                        x.elements.begin()
                          + static_cast<std::ptrdiff_t>(i + group));
  std::sort(groups.begin(), groups.end(), [](auto& a, auto& b) {
    return a[0].text < b[0].text;
  });
  x.elements.clear();
  for (auto& g : groups)
    x.elements.insert(x.elements.end(), g.begin(), g.end());
}

void sort_elements(job_store::reply& x, size_t group) {
  std::vector<std::vector<job_store::reply>> groups;
  for (size_t i = 0; i + group <= x.elements.size(); i += group)
    groups.emplace_back(x.elements.begin() + static_cast<std::ptrdiff_t>(i),
                        x.elements.begin()
                          + static_cast<std::ptrdiff_t>(i + group));
  std::sort(groups.begin(), groups.end(), [](auto& a, auto& b) {
    return a[0].text < b[0].text;
  });
  x.elements.clear();
  for (auto& g : groups)
    x.elements.insert(x.elements.end(), g.begin(), g.end());
}

/// The two side by side.
class pair_of_servers {
public:
  void both(const words& command) {
    ++steps_;
    auto theirs = real_.cmd_list(command);
    auto ours = memory_.run(command);
    auto name = command[0];
    if (name == "SMEMBERS" || name == "KEYS") {
      sort_elements(theirs, 1);
      sort_elements(ours, 1);
    } else if (name == "HGETALL") {
      sort_elements(theirs, 2);
      sort_elements(ours, 2);
    }
    auto a = without_place(text_of(theirs));
    auto b = without_place(text_of(ours));
    if ((name == "PTTL" || name == "TTL") && theirs.integer > 0
        && std::abs(theirs.integer - ours.integer) <= 2'000)
      return;
    if (a == b)
      return;
    std::string text;
    for (auto& x : command)
      text += " " + x.substr(0, 200);
    BOOST_ERROR("step " << steps_ << ":" << text << "\n  redis:  " << a
                        << "\n  memory: " << b);
  }

  void same_data() {
    auto keys = real_.cmd("KEYS", "*");
    both({"DBSIZE"});
    for (auto& key : keys.elements) {
      auto type = real_.cmd("TYPE", key.text).text;
      both({"TYPE", key.text});
      both({"PTTL", key.text});
      if (type == "string")
        both({"GET", key.text});
      else if (type == "list")
        both({"LRANGE", key.text, "0", "-1"});
      else if (type == "hash")
        both({"HGETALL", key.text});
      else if (type == "set")
        both({"SMEMBERS", key.text});
      else
        both({"ZRANGE", key.text, "0", "-1", "WITHSCORES"});
    }
  }

  void clear() {
    both({"FLUSHALL"});
  }

  memory_redis& memory() {
    return memory_;
  }

private:
  redis_server real_;
  memory_redis memory_{unix_ms};
  uint64_t steps_ = 0;
};

class dice {
public:
  explicit dice(uint64_t seed) : random_(seed) {
    // nop
  }

  size_t below(size_t n) {
    return random_() % n;
  }

  template <class T>
  const T& of(const std::vector<T>& xs) {
    return xs[below(xs.size())];
  }

private:
  std::mt19937_64 random_;
};

/// A command with a placeholder for each argument: k key, v value, f field,
/// i small integer, s score, and literal words.
const std::vector<words> patterns{
  {"GET", "k"},
  {"SET", "k", "v"},
  {"SET", "k", "v", "EX", "1000"},
  {"SET", "k", "v", "PX", "900000", "NX"},
  {"SET", "k", "v", "XX", "KEEPTTL"},
  {"SET", "k", "v", "EX", "0"},
  {"SET", "k", "v", "EX", "x"},
  {"SET", "k", "v", "NX", "XX"},
  {"SETNX", "k", "v"},
  {"MGET", "k", "k", "k"},
  {"STRLEN", "k"},
  {"INCR", "k"},
  {"DECRBY", "k", "i"},
  {"APPEND", "k", "v"},
  {"GETDEL", "k"},
  {"DEL", "k", "k"},
  {"EXISTS", "k", "k"},
  {"TYPE", "k"},
  {"TTL", "k"},
  {"PTTL", "k"},
  {"EXPIRE", "k", "500"},
  {"PEXPIRE", "k", "-1"},
  {"PEXPIRE", "k", "x"},
  {"PEXPIREAT", "k", "1000"},
  {"PERSIST", "k"},
  {"RENAME", "k", "k"},
  {"LPUSH", "k", "v", "v"},
  {"RPUSH", "k", "v", "v", "v"},
  {"LPOP", "k"},
  {"RPOP", "k", "i"},
  {"LLEN", "k"},
  {"LRANGE", "k", "i", "i"},
  {"LINDEX", "k", "i"},
  {"LREM", "k", "i", "v"},
  {"LTRIM", "k", "i", "i"},
  {"LSET", "k", "i", "v"},
  {"LMOVE", "k", "k", "LEFT", "RIGHT"},
  {"LMOVE", "k", "k", "left", "left"},
  {"LMOVE", "k", "k", "up", "left"},
  {"LPOS", "k", "v"},
  {"HSET", "k", "f", "v", "f", "v"},
  {"HSET", "k", "f"},
  {"HSET", "k", "f", "v", "f"},
  {"HMSET", "k", "f", "v"},
  {"HSETNX", "k", "f", "v"},
  {"HGET", "k", "f"},
  {"HMGET", "k", "f", "f", "f"},
  {"HGETALL", "k"},
  {"HDEL", "k", "f", "f"},
  {"HEXISTS", "k", "f"},
  {"HLEN", "k"},
  {"HSTRLEN", "k", "f"},
  {"HINCRBY", "k", "f", "i"},
  {"SADD", "k", "v", "v"},
  {"SREM", "k", "v"},
  {"SMEMBERS", "k"},
  {"SISMEMBER", "k", "v"},
  {"SCARD", "k"},
  {"ZADD", "k", "s", "v", "s", "v"},
  {"ZADD", "k", "NX", "s", "v"},
  {"ZADD", "k", "XX", "CH", "s", "v"},
  {"ZADD", "k", "GT", "s", "v"},
  {"ZADD", "k", "v", "v"},
  {"ZREM", "k", "v"},
  {"ZSCORE", "k", "v"},
  {"ZCARD", "k"},
  {"ZCOUNT", "k", "-inf", "(s"},
  {"ZRANGE", "k", "i", "i"},
  {"ZRANGE", "k", "0", "-1", "WITHSCORES"},
  {"ZRANGEBYSCORE", "k", "-inf", "+inf", "LIMIT", "1", "2"},
  {"ZRANGEBYSCORE", "k", "s", "+inf", "WITHSCORES"},
  {"ZREMRANGEBYRANK", "k", "i", "i"},
  {"ZREMRANGEBYSCORE", "k", "s", "s"},
  {"ZINCRBY", "k", "s", "v"},
  {"ZRANK", "k", "v"},
  {"ZPOPMIN", "k"},
  {"ZPOPMIN", "k", "i"},
  {"PING"},
  {"NOSUCH", "k", "v"},
  {"LLEN"},
  {"HGET", "k"},
  {"EVAL", "return redis.call('HMGET', KEYS[1], 'a', 'b')", "1", "k"},
  {"EVAL", "return {1, 'x', false, 2}", "0"},
  {"EVAL", "return {1, nil, 2}", "0"},
  {"EVAL", "return 3.7", "0"},
  {"EVAL", "return {ok = 'fine'}", "0"},
  {"EVAL", "return redis.error_reply('MY bad')", "0"},
  {"EVAL", "return redis.pcall('LPUSH', KEYS[1], 1.5, 2)", "1", "k"},
  {"EVAL", "return redis.call('INCR', KEYS[1])", "1", "k"},
  {"EVAL",
   "redis.call('HSET', KEYS[1], 'n', 1) return redis.call('GET', KEYS[1])", "1",
   "k"},
  {"EVAL", "return redis.call('NOSUCH')", "0"},
  {"EVAL", "return redis.call('GET')", "0"},
  {"EVAL", "return tostring(nothing)", "0"},
  {"EVAL", "return #ARGV .. ARGV[1]", "0", "v"},
  {"EVAL", "local t = {} return t.x.y", "0"},
  {"EVAL", "return 1", "2", "k"},
  {"EVAL", "return 1", "-1"},
  {"EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "0"},
};

words draw(dice& d) {
  static const words keys{"a", "b", "c", "d", "e"};
  static const words values{"1", "-7", "x", "yy", "3.5", "", "long text here"};
  static const words fields{"a", "b", "c"};
  static const words integers{"0", "1", "2", "-1", "-2", "5", "x"};
  static const words scores{"1", "2.5", "-3", "1e3", "inf", "0.1"};
  auto out = d.of(patterns);
  for (size_t i = 1; i < out.size(); ++i) {
    auto& x = out[i];
    if (x == "k")
      x = d.of(keys);
    else if (x == "v")
      x = d.of(values);
    else if (x == "f")
      x = d.of(fields);
    else if (x == "i")
      x = d.of(integers);
    else if (x == "s")
      x = d.of(scores);
    else if (x == "(s")
      x = "(" + d.of(scores);
  }
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(random_commands_get_the_answers_of_a_real_redis) {
  pair_of_servers servers;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    BOOST_TEST_MESSAGE("seed " << seed);
    dice d{seed};
    servers.clear();
    for (auto i = 0; i < 800; ++i)
      servers.both(draw(d));
    servers.same_data();
  }
}

// -- our own scripts ----------------------------------------------------------

namespace {

using job_store::script;

/// A life of jobs, drawn from the seed: what producers, front ends, Python
/// workers and two of our workers do, in any order.
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
      return run(job_store::peek_script(), {"queue:jobs"},
                 {worker(), "5", "1000", d_.of(words{"10", "4000"})});
    case 8:
      return run(
        job_store::claim_one_script(),
        {"queue:jobs", running(), "c3:leases", "c3:mark:p"},
        {worker(), now(), "300", "30000", number(), number(), id(), "1000"});
    case 9:
      return run(
        job_store::release_script(),
        {"queue:jobs", record(), record() + ":lock", running(), "c3:leases"},
        {worker(), id(), fence()});
    case 10:
      return run(job_store::progress_script(),
                 {record(), record() + ":lock", "c3:leases"},
                 {worker(), "300", d_.of(words{"", "render"}),
                  d_.of(words{"-1", "0.5"}), now(), fence(), "30000", id()});
    case 11:
      return settle();
    case 12:
      return run(job_store::take_webhooks_script(), {"c3:outbox"},
                 {now_ms(), now_ms(60'000), "3", "c3:outbox:"});
    case 13:
      return deliver();
    case 14:
      return reconcile();
    case 15:
      return run(job_store::renew_script(), {"c3:leases"},
                 {worker(), "300", "30000", id(), fence(), id(), fence()});
    case 16:
      return run(job_store::recover_script(), {"queue:jobs", "c3:leases"},
                 {"2", "c3:running:", "lost: "});
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
                  number(), "1000", d_.of(words{"0", "2", "16"}),
                  "csm,whisper,portrait,analyze", d_.of(words{"0", "1", "3"}),
                  "csm,whisper,portrait", d_.of(words{"0", "2"}), "analyze"});
    }
  }

private:
  void run(const script& x, const words& keys, words argv) {
    auto command = job_store::make_command(x, keys, std::move(argv)).args;
    command[0] = "EVAL";
    command[1] = at_our_time(x.text);
    servers_.both(command);
  }

  // Two servers never have the same clock to the millisecond.
  std::string at_our_time(std::string text) const {
    const std::string asks = "redis.call('TIME')";
    if (auto at = text.find(asks); at != std::string::npos)
      text.replace(at, asks.size(), "{'" + now() + "', '0'}");
    return text;
  }

  void gpu_step() {
    auto id = d_.of(words{"e1", "e2", "e3"});
    words keys{"c3:gpus", "c3:gpu:" + id};
    switch (d_.below(5)) {
    case 4:
      return run(job_store::view_gpus_script(), {"c3:gpus"},
                 {"c3:gpu:", "media:fast"});
    case 0:
      keys.push_back("c3:mark:p");
      return run(job_store::write_gpu_script(), keys,
                 {worker(), "3000", id, "c3:gpu:", number(), number(), "type",
                  "media:fast", "workload", d_.of(words{"", "w", "v"})});
    case 1:
      return run(job_store::renew_gpus_script(), {"c3:gpus"},
                 {worker(), "3000", "c3:gpu:", "e1", "e2"});
    case 2:
      return run(job_store::take_gpus_script(), {"c3:gpus", "c3:mark:p"},
                 {worker(), "3000", "c3:gpu:", "2", number(), number()});
    default:
      keys.push_back("c3:gpus:closed");
      return run(job_store::close_gpu_script(), keys,
                 {worker(), id, "{}", "2"});
    }
  }

  void produce() {
    id_ = "job-" + std::to_string(d_.below(12));
    if (d_.below(10) > 0)
      servers_.both(
        {"HSET", "job:" + id_, "id", id_, "type",
         d_.of(words{"csm", "whisper", "analyze", "portrait", "dance"}),
         "status", "queued", "created_at", now(), "complete_by",
         d_.of(words{"0", "1700000100.5", "x", "9999999999"}), "max_time", "60",
         "data", R"({"text":"hello"})"});
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
        {worker(), x, now(), d_.of(words{"success", "failed"}), "why",
         d_.of(words{"", "the text"}), d_.of(words{"", "http://s/x"}),
         d_.of(words{"0", "1"}), d_.of(words{"0", "1"}), "86400",
         d_.of(words{"", "http://r/hook"}), "{}", now_ms(), now_ms(60'000),
         fence(), number(), number()});
  }

  // All are known but one: the order of a set's members is Redis' own affair.
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
         now_ms(), now_ms(5'000), d_.of(words{"1", "100"}),
         "c3:outbox:", number(), number()});
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
  std::string now_ms(int64_t plus = 0) const {
    return std::to_string((1'700'000'000 + static_cast<int64_t>(now_)) * 1000
                          + plus);
  }

  pair_of_servers& servers_;
  dice d_;
  double now_ = 0;
  std::string id_ = "job-0";
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

BOOST_AUTO_TEST_CASE(a_script_out_of_memory_changes_nothing) {
  redis_server real{{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}};
  memory_redis memory{unix_ms};
  memory.now_is.out_of_memory = true;
  auto& x = job_store::claim_script();
  auto command = job_store::make_command(
                   x, {"queue:jobs", "c3:running:w", "c3:leases"},
                   {"w", "1", "300", "30000", "100", "16", "csm", "1", "csm"})
                   .args;
  command[0] = "EVAL";
  command[1] = x.text;
  for (auto& c : {command, words{"SET", "a", "b"}, words{"DEL", "a"},
                  words{"EVAL", "return redis.call('SET', 'a', 'b')", "0"}})
    BOOST_TEST(without_place(text_of(real.cmd_list(c)))
               == without_place(text_of(memory.run(c))));
}

BOOST_AUTO_TEST_CASE(a_blocked_move_is_served_by_the_next_push) {
  memory_redis memory{unix_ms};
  words wait{"BLMOVE", "q", "q", "LEFT", "LEFT", "30"};
  BOOST_TEST_REQUIRE(memory.would_block(wait));
  std::string served;
  memory.block(wait, [&](const job_store::reply& x) {
    served += "first " + x.text + ";";
  });
  auto gone = memory.block(wait, [&](const job_store::reply&) {
    served += "gone;";
  });
  memory.block(wait, [&](const job_store::reply& x) {
    served += "third " + x.text + ";";
  });
  memory.unblock(gone);
  memory.run({"RPUSH", "q", "x", "y"});
  BOOST_TEST(served == "first x;third x;");
  BOOST_TEST(!memory.would_block(wait));
  BOOST_TEST(text_of(memory.run({"LRANGE", "q", "0", "-1"})) == "[x y ]");
}
