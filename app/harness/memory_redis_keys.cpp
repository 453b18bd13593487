// The Redis in memory: server, keys and strings.
#include "app/harness/redis_access.hpp"
#include "app/harness/redis_scripts.hpp"

#include <algorithm>

namespace render::harness {

using namespace redis_text;

namespace {

// "*", "?" and literal characters; workers use no sets in brackets.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty())
    return text.empty();
  if (pattern[0] == '*')
    return matches(pattern.substr(1), text)
           || (!text.empty() && matches(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0])
         && matches(pattern.substr(1), text.substr(1));
}

std::string_view type_name(const redis_value& x) {
  static constexpr std::string_view names[] = {"string", "list", "hash",
                                               "set",    "zset", "stream"};
  return names[x.data.index()];
}

} // namespace

// -- the server ---------------------------------------------------------------

void memory_redis::cmd_ping(args a, reply_writer& out) {
  if (a.size() > 1)
    return out.text(a[1]);
  out.status("PONG");
}

void memory_redis::cmd_echo(args a, reply_writer& out) {
  out.text(a[1]);
}

void memory_redis::cmd_select(args, reply_writer& out) {
  out.status("OK");
}

void memory_redis::cmd_auth(args, reply_writer& out) {
  out.status("OK");
}

void memory_redis::cmd_client(args, reply_writer& out) {
  out.status("OK");
}

void memory_redis::cmd_info(args, reply_writer& out) {
  out.text("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
}

void memory_redis::cmd_time(args, reply_writer& out) {
  auto now = now_ms_();
  out.array(2);
  out.text(std::to_string(now / 1000));
  out.text(std::to_string(now % 1000 * 1000));
}

// There are no subscribers.
void memory_redis::cmd_publish(args, reply_writer& out) {
  out.integer(0);
}

void memory_redis::cmd_dbsize(args, reply_writer& out) {
  auto n = std::count_if(data_.begin(), data_.end(), [this](auto& x) {
    return find(x.first) != nullptr;
  });
  out.integer(n);
}

void memory_redis::cmd_flushall(args, reply_writer& out) {
  data_.clear();
  out.status("OK");
}

void memory_redis::cmd_keys(args a, reply_writer& out) {
  std::vector<std::string_view> found;
  for (auto& [key, value] : data_)
    if (find(key) && matches(a[1], key))
      found.push_back(key);
  std::sort(found.begin(), found.end());
  out.array(found.size());
  for (auto& x : found)
    out.text(x);
}

// Returns everything in one round.
void memory_redis::cmd_scan(args a, reply_writer& out) {
  if (!to_integer(a[1]))
    return out.error("ERR invalid cursor");
  std::string_view pattern = "*";
  for (size_t i = 2; i + 1 < a.size(); i += 2)
    if (is_word(a[i], "match"))
      pattern = a[i + 1];
    else if (!is_word(a[i], "count"))
      return out.error(syntax_error);
  std::string_view words[] = {"KEYS", pattern};
  out.array(2);
  out.text("0");
  cmd_keys(words, out);
}

// -- keys ---------------------------------------------------------------------

void memory_redis::cmd_del(args a, reply_writer& out) {
  int64_t n = 0;
  for (auto& key : a.subspan(1))
    n += remove(key) ? 1 : 0;
  out.integer(n);
}

void memory_redis::cmd_exists(args a, reply_writer& out) {
  int64_t n = 0;
  for (auto& key : a.subspan(1))
    n += live(key) ? 1 : 0;
  out.integer(n);
}

void memory_redis::cmd_type(args a, reply_writer& out) {
  auto* x = live(a[1]);
  out.status(x ? type_name(*x) : "none");
}

void memory_redis::remaining(std::string_view key, bool ms, reply_writer& out) {
  auto* x = live(key);
  if (!x)
    return out.integer(-2);
  if (x->expires_ms == 0)
    return out.integer(-1);
  auto left = x->expires_ms - now_ms_();
  out.integer(ms ? left : (left + 500) / 1000);
}

void memory_redis::cmd_ttl(args a, reply_writer& out) {
  remaining(a[1], false, out);
}

void memory_redis::cmd_pttl(args a, reply_writer& out) {
  remaining(a[1], true, out);
}

void memory_redis::expire_at(std::string_view key, int64_t at_ms,
                             reply_writer& out) {
  auto* x = live(key);
  if (!x)
    return out.integer(0);
  if (at_ms <= now_ms_())
    remove(key);
  else
    x->expires_ms = at_ms;
  out.integer(1);
}

void memory_redis::cmd_expire(args a, reply_writer& out) {
  auto s = to_integer(a[2]);
  if (!s)
    return out.error(not_an_integer);
  expire_at(a[1], now_ms_() + *s * 1000, out);
}

void memory_redis::cmd_pexpire(args a, reply_writer& out) {
  auto ms = to_integer(a[2]);
  if (!ms)
    return out.error(not_an_integer);
  expire_at(a[1], now_ms_() + *ms, out);
}

void memory_redis::cmd_expireat(args a, reply_writer& out) {
  auto s = to_integer(a[2]);
  if (!s)
    return out.error(not_an_integer);
  expire_at(a[1], *s * 1000, out);
}

void memory_redis::cmd_pexpireat(args a, reply_writer& out) {
  auto ms = to_integer(a[2]);
  if (!ms)
    return out.error(not_an_integer);
  expire_at(a[1], *ms, out);
}

void memory_redis::cmd_persist(args a, reply_writer& out) {
  auto* x = live(a[1]);
  auto had = x && x->expires_ms != 0;
  if (had)
    x->expires_ms = 0;
  out.integer(had ? 1 : 0);
}

void memory_redis::cmd_rename(args a, reply_writer& out) {
  auto* x = live(a[1]);
  if (!x)
    return out.error("ERR no such key");
  auto value = std::move(*x);
  data_.erase(data_.find(a[1]));
  data_.insert_or_assign(std::string{a[2]}, std::move(value));
  out.status("OK");
}

// -- strings ------------------------------------------------------------------

void memory_redis::cmd_get(args a, reply_writer& out) {
  auto bad = false;
  if (auto* x = get<std::string>(a[1], out, bad))
    out.text(*x);
  else if (!bad)
    out.nil();
}

void memory_redis::cmd_set(args a, reply_writer& out) {
  int64_t expires = 0;
  auto keep = false;
  auto only_new = false;
  auto only_old = false;
  auto timed = false;
  for (size_t i = 3; i < a.size(); ++i) {
    auto word = [&](std::string_view lower) {
      return is_word(a[i], lower);
    };
    if (word("nx") && !only_old) {
      only_new = true;
    } else if (word("xx") && !only_new) {
      only_old = true;
    } else if (word("keepttl") && !timed) {
      keep = true;
    } else if ((word("ex") || word("px") || word("exat") || word("pxat"))
               && i + 1 < a.size() && !timed && !keep) {
      timed = true;
      auto n = to_integer(a[i + 1]);
      if (!n)
        return out.error(not_an_integer);
      if (*n <= 0)
        return out.error("ERR invalid expire time in 'set' command");
      auto scale = word("ex") || word("exat") ? 1000 : 1;
      auto from = word("ex") || word("px") ? now_ms_() : 0;
      expires = from + *n * scale;
      ++i;
    } else {
      return out.error(syntax_error);
    }
  }
  auto* old = live(a[1]);
  if ((only_new && old) || (only_old && !old))
    return out.nil();
  if (keep && old)
    expires = old->expires_ms;
  if (old) {
    if (auto* text = std::get_if<std::string>(&old->data))
      text->assign(a[2]);
    else
      old->data = std::string{a[2]};
    old->expires_ms = expires;
  } else {
    data_.emplace(std::string{a[1]}, redis_value{std::string{a[2]}, expires});
  }
  out.status("OK");
}

void memory_redis::cmd_setnx(args a, reply_writer& out) {
  if (live(a[1]))
    return out.integer(0);
  data_.emplace(std::string{a[1]}, redis_value{std::string{a[2]}, 0});
  out.integer(1);
}

void memory_redis::cmd_mget(args a, reply_writer& out) {
  out.array(a.size() - 1);
  for (auto& key : a.subspan(1)) {
    auto* x = live(key);
    auto* text = x ? std::get_if<std::string>(&x->data) : nullptr;
    if (text)
      out.text(*text);
    else
      out.nil();
  }
}

void memory_redis::cmd_strlen(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<std::string>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->size()) : 0);
}

void memory_redis::add_to_integer(std::string_view key, int64_t by,
                                  reply_writer& out) {
  auto bad = false;
  auto* x = get<std::string>(key, out, bad);
  if (bad)
    return;
  auto value = x ? to_integer(*x) : 0;
  if (!value)
    return out.error(not_an_integer);
  int64_t sum = 0;
  if (__builtin_add_overflow(*value, by, &sum))
    return out.error("ERR increment or decrement would overflow");
  if (x)
    *x = std::to_string(sum);
  else
    data_.emplace(std::string{key}, redis_value{std::to_string(sum), 0});
  out.integer(sum);
}

void memory_redis::cmd_incr(args a, reply_writer& out) {
  add_to_integer(a[1], 1, out);
}

void memory_redis::cmd_decr(args a, reply_writer& out) {
  add_to_integer(a[1], -1, out);
}

void memory_redis::cmd_incrby(args a, reply_writer& out) {
  auto n = to_integer(a[2]);
  if (!n)
    return out.error(not_an_integer);
  add_to_integer(a[1], *n, out);
}

void memory_redis::cmd_decrby(args a, reply_writer& out) {
  auto n = to_integer(a[2]);
  if (!n)
    return out.error(not_an_integer);
  add_to_integer(a[1], -*n, out);
}

void memory_redis::cmd_append(args a, reply_writer& out) {
  if (auto* x = make<std::string>(a[1], out)) {
    *x += a[2];
    out.integer(static_cast<int64_t>(x->size()));
  }
}

void memory_redis::cmd_getdel(args a, reply_writer& out) {
  auto bad = false;
  if (auto* x = get<std::string>(a[1], out, bad)) {
    out.text(*x);
    remove(a[1]);
  } else if (!bad) {
    out.nil();
  }
}

} // namespace render::harness
