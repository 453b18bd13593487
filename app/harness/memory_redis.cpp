#include "app/harness/memory_redis.hpp"

#include "app/harness/redis_reply.hpp"
#include "app/harness/redis_scripts.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

namespace render::harness {

using namespace redis_text;

memory_redis::memory_redis(std::function<int64_t()> now_ms)
  : now_ms_(std::move(now_ms)),
    scripts_(std::make_unique<redis_scripts>(*this)) {
  // nop
}

memory_redis::~memory_redis() = default;

// -- dispatch -----------------------------------------------------------------

const memory_redis::command_table& memory_redis::table() {
  static const auto made = [] {
    struct row {
      std::string_view name;
      int arity;
      handler run;
      /// w: writes, m: and needs memory, s: not in scripts.
      std::string_view flags = "";
    };
    using self = memory_redis;
    static const row rows[] = {
      {"ping", -1, &self::cmd_ping},
      {"echo", 2, &self::cmd_echo},
      {"select", 2, &self::cmd_select},
      {"auth", -2, &self::cmd_auth, "s"},
      {"info", -1, &self::cmd_info},
      {"time", 1, &self::cmd_time},
      {"client", -2, &self::cmd_client, "s"},
      {"publish", 3, &self::cmd_publish},
      {"dbsize", 1, &self::cmd_dbsize},
      {"flushall", -1, &self::cmd_flushall, "w"},
      {"flushdb", -1, &self::cmd_flushall, "w"},
      {"keys", 2, &self::cmd_keys},
      {"scan", -2, &self::cmd_scan},
      {"del", -2, &self::cmd_del, "w"},
      {"unlink", -2, &self::cmd_del, "w"},
      {"exists", -2, &self::cmd_exists},
      {"type", 2, &self::cmd_type},
      {"ttl", 2, &self::cmd_ttl},
      {"pttl", 2, &self::cmd_pttl},
      {"expire", -3, &self::cmd_expire, "w"},
      {"pexpire", -3, &self::cmd_pexpire, "w"},
      {"expireat", -3, &self::cmd_expireat, "w"},
      {"pexpireat", -3, &self::cmd_pexpireat, "w"},
      {"persist", 2, &self::cmd_persist, "w"},
      {"rename", 3, &self::cmd_rename, "w"},
      {"get", 2, &self::cmd_get},
      {"set", -3, &self::cmd_set, "wm"},
      {"setnx", 3, &self::cmd_setnx, "wm"},
      {"mget", -2, &self::cmd_mget},
      {"strlen", 2, &self::cmd_strlen},
      {"incr", 2, &self::cmd_incr, "wm"},
      {"decr", 2, &self::cmd_decr, "wm"},
      {"incrby", 3, &self::cmd_incrby, "wm"},
      {"decrby", 3, &self::cmd_decrby, "wm"},
      {"append", 3, &self::cmd_append, "wm"},
      {"getdel", 2, &self::cmd_getdel, "w"},
      {"lpush", -3, &self::cmd_lpush, "wm"},
      {"rpush", -3, &self::cmd_rpush, "wm"},
      {"lpop", -2, &self::cmd_lpop, "w"},
      {"rpop", -2, &self::cmd_rpop, "w"},
      {"llen", 2, &self::cmd_llen},
      {"lrange", 4, &self::cmd_lrange},
      {"lindex", 3, &self::cmd_lindex},
      {"lrem", 4, &self::cmd_lrem, "w"},
      {"ltrim", 4, &self::cmd_ltrim, "w"},
      {"lset", 4, &self::cmd_lset, "wm"},
      {"lmove", 5, &self::cmd_lmove, "wm"},
      {"blmove", 6, &self::cmd_blmove, "wm"},
      {"lpos", -3, &self::cmd_lpos},
      {"hset", -4, &self::cmd_hset, "wm"},
      {"hmset", -4, &self::cmd_hset, "wm"},
      {"hsetnx", 4, &self::cmd_hsetnx, "wm"},
      {"hget", 3, &self::cmd_hget},
      {"hmget", -3, &self::cmd_hmget},
      {"hgetall", 2, &self::cmd_hgetall},
      {"hdel", -3, &self::cmd_hdel, "w"},
      {"hexists", 3, &self::cmd_hexists},
      {"hlen", 2, &self::cmd_hlen},
      {"hkeys", 2, &self::cmd_hkeys},
      {"hvals", 2, &self::cmd_hvals},
      {"hstrlen", 3, &self::cmd_hstrlen},
      {"hincrby", 4, &self::cmd_hincrby, "wm"},
      {"sadd", -3, &self::cmd_sadd, "wm"},
      {"srem", -3, &self::cmd_srem, "w"},
      {"smembers", 2, &self::cmd_smembers},
      {"sismember", 3, &self::cmd_sismember},
      {"scard", 2, &self::cmd_scard},
      {"zadd", -4, &self::cmd_zadd, "wm"},
      {"zrem", -3, &self::cmd_zrem, "w"},
      {"zscore", 3, &self::cmd_zscore},
      {"zcard", 2, &self::cmd_zcard},
      {"zcount", 4, &self::cmd_zcount},
      {"zrange", -4, &self::cmd_zrange},
      {"zrangebyscore", -4, &self::cmd_zrangebyscore},
      {"zremrangebyrank", 4, &self::cmd_zremrangebyrank, "w"},
      {"zremrangebyscore", 4, &self::cmd_zremrangebyscore, "w"},
      {"zincrby", 4, &self::cmd_zincrby, "wm"},
      {"zrank", 3, &self::cmd_zrank},
      {"zpopmin", -2, &self::cmd_zpopmin, "w"},
      {"xadd", -5, &self::cmd_xadd, "wm"},
      {"xlen", 2, &self::cmd_xlen},
      {"xrange", -4, &self::cmd_xrange},
      {"xrevrange", -4, &self::cmd_xrevrange},
      {"sort", -2, &self::cmd_sort, "wm"},
      {"sort_ro", -2, &self::cmd_sort},
      {"eval", -3, &self::cmd_eval, "s"},
      {"evalsha", -3, &self::cmd_evalsha, "s"},
      {"script", -2, &self::cmd_script, "s"},
    };
    command_table out;
    for (auto& x : rows) {
      auto has = [&](char flag) {
        return x.flags.find(flag) != std::string_view::npos;
      };
      out.emplace(x.name, entry{std::string{x.name}, x.arity, x.run, has('w'),
                                has('m'), has('s')});
    }
    return out;
  }();
  return made;
}

const memory_redis::entry*
memory_redis::find_command(std::string_view name) const {
  std::array<char, 32> lower{};
  if (name.size() > lower.size())
    return nullptr;
  std::transform(name.begin(), name.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  auto at = table().find(std::string_view{lower.data(), name.size()});
  return at == table().end() ? nullptr : &at->second;
}

job_store::reply memory_redis::run(const std::vector<std::string>& command) {
  std::vector<std::string_view> words{command.begin(), command.end()};
  reply_builder out;
  run(words, out);
  return out.take();
}

void memory_redis::run(args a, reply_writer& out) {
  if (a.empty())
    return out.error("ERR empty command");
  auto* what = find_command(a[0]);
  if (!what) {
    std::string text = "ERR unknown command '" + std::string{a[0]}
                       + "', with args beginning with: ";
    for (auto& x : a.subspan(1))
      text += "'" + std::string{x} + "' ";
    return out.error(text);
  }
  if (!fits(what->arity, a.size()))
    return out.error("ERR wrong number of arguments for '" + what->name
                     + "' command");
  dispatch(*what, a, out, false);
  if (!ready_.empty())
    serve_blocked();
}

void memory_redis::dispatch(const entry& what, args a, reply_writer& out,
                            bool script_wrote) {
  ++commands_;
  if (now_is.loading)
    return out.error("LOADING Redis is loading the dataset in memory");
  if (what.writes && now_is.read_only)
    return out.error("READONLY You can't write against a read only replica.");
  // A script that has begun to write may write to its end.
  if (what.needs_memory && now_is.out_of_memory && !script_wrote)
    return out.error("OOM command not allowed when used memory > 'maxmemory'.");
  (this->*what.run)(a, out);
}

// -- blocking -----------------------------------------------------------------

bool memory_redis::would_block(const std::vector<std::string>& command) {
  if (command.size() != 6)
    return false;
  auto* what = find_command(command[0]);
  return what && what->run == &memory_redis::cmd_blmove && !now_is.loading
         && !now_is.read_only && !live(command[1]);
}

uint64_t memory_redis::block(std::vector<std::string> command,
                             std::function<void(job_store::reply)> answer) {
  blocked_.push_back({++last_blocked_, std::move(command), std::move(answer)});
  return last_blocked_;
}

void memory_redis::unblock(uint64_t id) {
  blocked_.remove_if([id](auto& x) {
    return x.id == id;
  });
}

void memory_redis::signal(std::string_view key) {
  if (blocked_.empty()
      || std::find(ready_.begin(), ready_.end(), key) != ready_.end())
    return;
  ready_.emplace_back(key);
}

// Serves all waiting clients, in order, while the list has elements. A move
// from a list to itself fills the list again, so each client is served once
// only.
void memory_redis::serve_blocked() {
  for (auto rounds = 0; !ready_.empty() && rounds < 8; ++rounds) {
    auto keys = std::exchange(ready_, {});
    for (auto at = blocked_.begin(); at != blocked_.end();) {
      auto& key = at->command[1];
      if (std::find(keys.begin(), keys.end(), key) == keys.end()
          || !live(key)) {
        ++at;
        continue;
      }
      auto served = std::move(*at);
      at = blocked_.erase(at);
      std::vector<std::string_view> words{served.command.begin(),
                                          served.command.end()};
      reply_builder out;
      move(words, out);
      served.answer(out.take());
    }
  }
}

// -- the key space ------------------------------------------------------------

redis_value* memory_redis::live(std::string_view key) {
  auto at = data_.find(key);
  if (at == data_.end())
    return nullptr;
  if (at->second.expires_ms != 0 && at->second.expires_ms <= now_ms_()) {
    data_.erase(at);
    return nullptr;
  }
  return &at->second;
}

const redis_value* memory_redis::find(std::string_view key) const {
  auto at = data_.find(key);
  if (at == data_.end()
      || (at->second.expires_ms != 0 && at->second.expires_ms <= now_ms_()))
    return nullptr;
  return &at->second;
}

std::string_view memory_redis::field(const redis_value* record,
                                     std::string_view name) {
  auto* hash = record ? std::get_if<redis_hash>(&record->data) : nullptr;
  if (hash)
    for (auto& [field, value] : *hash)
      if (field == name)
        return value;
  return {};
}

bool memory_redis::remove(std::string_view key) {
  if (!live(key))
    return false;
  data_.erase(data_.find(key));
  if (on_removed)
    on_removed(key);
  return true;
}

void memory_redis::load(redis_data data) {
  data_ = std::move(data);
  ready_.clear();
  scripts_->forget();
}

// -- scripts ------------------------------------------------------------------

void memory_redis::cmd_eval(args a, reply_writer& out) {
  auto count = to_integer(a[2]);
  if (!count)
    return out.error(not_an_integer);
  if (*count < 0)
    return out.error("ERR Number of keys can't be negative");
  if (static_cast<size_t>(*count) > a.size() - 3)
    return out.error("ERR Number of keys can't be greater than number of args");
  auto keys = a.subspan(3, static_cast<size_t>(*count));
  auto argv = a.subspan(3 + static_cast<size_t>(*count));
  std::string sha1;
  if (a[0].size() == 4) {
    std::string error;
    sha1 = scripts_->add(a[1], error);
    if (!error.empty())
      return out.error(error);
  } else {
    if (scripts_->run(a[1], keys, argv, out))
      return;
    sha1 = lower(a[1]);
  }
  if (!scripts_->run(sha1, keys, argv, out))
    out.error("NOSCRIPT No matching script. Please use EVAL.");
}

void memory_redis::cmd_evalsha(args a, reply_writer& out) {
  cmd_eval(a, out);
}

void memory_redis::cmd_script(args a, reply_writer& out) {
  if (is_word(a[1], "load") && a.size() == 3) {
    std::string error;
    auto sha1 = scripts_->add(a[2], error);
    return error.empty() ? out.text(sha1) : out.error(error);
  }
  if (is_word(a[1], "exists")) {
    out.array(a.size() - 2);
    for (auto& x : a.subspan(2))
      out.integer(scripts_->knows(x) ? 1 : 0);
    return;
  }
  if (is_word(a[1], "flush")) {
    scripts_->forget();
    return out.status("OK");
  }
  out.error("ERR unknown subcommand '" + std::string{a[1]}
            + "'. Try SCRIPT HELP.");
}

} // namespace render::harness
