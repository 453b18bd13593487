#pragma once
// A Redis in memory, for one thread and virtual time: the commands the worker
// uses, its Lua scripts unchanged (on LuaJIT), expiry, blocking moves, and the
// ways a Redis goes wrong. Answers like Redis 7.0; a differential test checks
// that.
//
// The worker uses no transactions, publish/subscribe, ACLs and second
// database, so they are left out. An unknown command gets Redis' error.
#include "actors/io/redis/link/reply.hpp"
#include "app/harness/quick_hash.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace render::harness {

/// Takes one reply in parts: an array is followed by its elements.
class reply_writer {
public:
  virtual ~reply_writer() = default;
  virtual void nil() = 0;
  virtual void integer(int64_t x) = 0;
  virtual void text(std::string_view x) = 0;
  virtual void status(std::string_view x) = 0;
  /// Only as a whole reply, or as one element.
  virtual void error(std::string_view x) = 0;
  virtual void array(size_t size) = 0;
};

/// Fields in the order in which they were first set. Searched linearly: records
/// have some twenty fields.
using redis_hash = std::vector<std::pair<std::string, std::string>>;
using redis_list = std::deque<std::string>;
using redis_set = std::set<std::string, std::less<>>;

struct by_score {
  using is_transparent = void;
  bool operator()(const auto& a, const auto& b) const noexcept {
    return a.first != b.first
             ? a.first < b.first
             : std::string_view{a.second} < std::string_view{b.second};
  }
};

struct redis_zset {
  std::map<std::string, double, std::less<>> scores;
  std::set<std::pair<double, std::string>, by_score> order;
};

/// Unix ms, and a number within that.
using stream_id = std::pair<uint64_t, uint64_t>;

struct redis_stream {
  struct entry {
    stream_id id;
    /// Field, value, ...
    std::vector<std::string> words;
  };

  std::deque<entry> entries;
  /// Of the newest one ever.
  stream_id last;
};

struct redis_value {
  std::variant<std::string, redis_list, redis_hash, redis_set, redis_zset,
               redis_stream>
    data;
  /// Unix milliseconds; 0: never.
  int64_t expires_ms = 0;
};

/// Not noexcept on purpose: then the tables keep the hashes beside the keys.
struct text_hash {
  using is_transparent = void;
  size_t operator()(std::string_view x) const {
    return quick_hash(x);
  }
};

using redis_data
  = std::unordered_map<std::string, redis_value, text_hash, std::equal_to<>>;

class redis_scripts;

class memory_redis {
public:
  using args = std::span<const std::string_view>;

  /// What this Redis refuses at the moment.
  struct condition {
    /// Writes that need memory.
    bool out_of_memory = false;
    /// All writes: it has become a replica.
    bool read_only = false;
    /// All commands: it is still reading its file.
    bool loading = false;
  };

  /// `now_ms` is Unix time.
  explicit memory_redis(std::function<int64_t()> now_ms);
  memory_redis(const memory_redis&) = delete;
  memory_redis& operator=(const memory_redis&) = delete;
  ~memory_redis();

  /// Runs one command. A blocking command answers nil when it would block.
  job_store::reply run(const std::vector<std::string>& command);
  void run(args command, reply_writer& out);

  /// Would this command block now? If so, `block` it.
  bool would_block(const std::vector<std::string>& command);

  /// `answer` is called when another command has filled the list; the caller
  /// keeps the time.
  uint64_t block(std::vector<std::string> command,
                 std::function<void(job_store::reply)> answer);
  void unblock(uint64_t id);

  /// For tests and auditors: the value; nullptr when absent or expired.
  const redis_value* find(std::string_view key) const;
  /// Empty when there is no such key or field.
  std::string_view field(std::string_view key, std::string_view name) const {
    return field(find(key), name);
  }
  static std::string_view field(const redis_value* record,
                                std::string_view name);
  const redis_data& data() const noexcept {
    return data_;
  }

  /// All data, without scripts, as in a replica or a file.
  redis_data save() const {
    return data_;
  }
  /// Replaces the data, like a failover or a restart: scripts are forgotten,
  /// and the caller must deal with blocked commands.
  void load(redis_data data);

  condition now_is;

  /// Called for each changed or removed (`now` empty) field of a hash. Not
  /// called for the fields of a hash that is removed as a whole.
  std::function<void(std::string_view key, std::string_view field,
                     std::string_view before, std::string_view now)>
    on_field;
  std::function<void(std::string_view key)> on_removed;

  /// Number of commands run, those of scripts included.
  uint64_t commands() const noexcept {
    return commands_;
  }

private:
  friend class redis_scripts;
  using handler = void (memory_redis::*)(args, reply_writer&);

  struct entry {
    std::string name;
    /// As in Redis: the number of words, or at least -arity.
    int arity = 0;
    handler run = nullptr;
    bool writes = false;
    bool needs_memory = false;
    bool no_script = false;
  };

  struct blocked {
    uint64_t id = 0;
    std::vector<std::string> command;
    std::function<void(job_store::reply)> answer;
  };

  using command_table = std::unordered_map<std::string_view, entry, text_hash>;

  static const command_table& table();
  const entry* find_command(std::string_view name) const;
  /// `script_wrote`: inside a script that has written already.
  void dispatch(const entry& what, args a, reply_writer& out,
                bool script_wrote);
  void serve_blocked();

  // -- the key space ----------------------------------------------------------

  redis_value* live(std::string_view key);
  /// nullptr when absent; writes the error and sets `bad` for another type.
  template <class T>
  T* get(std::string_view key, reply_writer& out, bool& bad);
  template <class T>
  T* make(std::string_view key, reply_writer& out);
  bool remove(std::string_view key);
  template <class T>
  void remove_if_empty(std::string_view key, const T& x) {
    if (x.empty())
      remove(key);
  }
  void changed_field(std::string_view key, std::string_view field,
                     std::string_view before, std::string_view now) const {
    if (on_field)
      on_field(key, field, before, now);
  }

  // -- commands ---------------------------------------------------------------

// clang-format changes this list in every run.
// clang-format off
#define RENDER_REDIS_COMMANDS(X) \
  X(ping) X(echo) X(select) X(auth) X(info) X(time) X(client) X(publish) \
  X(dbsize) X(flushall) X(keys) X(scan) X(del) X(exists) X(type) X(ttl) \
  X(pttl) X(expire) X(pexpire) X(expireat) X(pexpireat) X(persist) \
  X(rename) X(get) X(set) X(setnx) X(mget) X(strlen) X(incr) X(decr) \
  X(incrby) X(decrby) X(append) X(getdel) X(lpush) X(rpush) X(lpop) X(rpop) \
  X(llen) X(lrange) X(lindex) X(lrem) X(ltrim) X(lset) X(lmove) X(blmove) \
  X(lpos) X(hset) X(hsetnx) X(hget) X(hmget) X(hgetall) X(hdel) X(hexists) \
  X(hlen) X(hkeys) X(hvals) X(hstrlen) X(hincrby) X(sadd) X(srem) \
  X(smembers) X(sismember) X(scard) X(zadd) X(zrem) X(zscore) X(zcard) \
  X(zcount) X(zrange) X(zrangebyscore) X(zremrangebyrank) \
  X(zremrangebyscore) X(zincrby) X(zrank) X(zpopmin) X(xadd) X(xlen) \
  X(xrange) X(xrevrange) X(sort) X(eval) X(evalsha) X(script)
// clang-format on
#define RENDER_DECLARE(name) void cmd_##name(args a, reply_writer& out);
  RENDER_REDIS_COMMANDS(RENDER_DECLARE)
#undef RENDER_DECLARE

  void push(args a, reply_writer& out, bool front);
  void pop(args a, reply_writer& out, bool front);
  void move(args a, reply_writer& out);
  void expire_at(std::string_view key, int64_t at_ms, reply_writer& out);
  void add_to_integer(std::string_view key, int64_t by, reply_writer& out);
  void remaining(std::string_view key, bool ms, reply_writer& out);
  void remove_range(std::string_view key, size_t first, size_t count,
                    reply_writer& out);
  void write_looked_up(std::string_view pattern, std::string_view element,
                       reply_writer& out);
  void range_of_stream(args a, bool backwards, reply_writer& out);
  void signal(std::string_view key);

  std::function<int64_t()> now_ms_;
  redis_data data_;
  std::unique_ptr<redis_scripts> scripts_;
  std::list<blocked> blocked_;
  uint64_t last_blocked_ = 0;
  /// Lists that were filled while a client waits.
  std::vector<std::string> ready_;
  uint64_t commands_ = 0;
};

} // namespace render::harness
