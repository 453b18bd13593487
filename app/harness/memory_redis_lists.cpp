// The Redis in memory: lists and hashes.
#include "app/harness/redis_access.hpp"
#include "app/harness/redis_scripts.hpp"

#include <algorithm>

namespace render::harness {

using namespace redis_text;

namespace {

using hash_at = redis_hash::iterator;

hash_at find_field(redis_hash& x, std::string_view name) {
  return std::find_if(x.begin(), x.end(), [name](auto& field) {
    return field.first == name;
  });
}

} // namespace

// -- lists --------------------------------------------------------------------

void memory_redis::push(args a, reply_writer& out, bool front) {
  auto* x = make<redis_list>(a[1], out);
  if (!x)
    return;
  for (auto& value : a.subspan(2))
    if (front)
      x->emplace_front(value);
    else
      x->emplace_back(value);
  signal(a[1]);
  out.integer(static_cast<int64_t>(x->size()));
}

void memory_redis::cmd_lpush(args a, reply_writer& out) {
  push(a, out, true);
}

void memory_redis::cmd_rpush(args a, reply_writer& out) {
  push(a, out, false);
}

void memory_redis::pop(args a, reply_writer& out, bool front) {
  auto count = a.size() > 2 ? to_integer(a[2]) : 1;
  if (!count)
    return out.error("ERR value is out of range, must be positive");
  if (*count < 0)
    return out.error("ERR value is out of range, must be positive");
  if (a.size() > 3)
    return out.error("ERR wrong number of arguments for '"
                     + std::string{front ? "lpop" : "rpop"} + "' command");
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.nil();
  auto n = std::min<size_t>(static_cast<size_t>(*count), x->size());
  if (a.size() > 2)
    out.array(n);
  for (size_t i = 0; i < n; ++i) {
    out.text(front ? x->front() : x->back());
    if (front)
      x->pop_front();
    else
      x->pop_back();
  }
  remove_if_empty(a[1], *x);
}

void memory_redis::cmd_lpop(args a, reply_writer& out) {
  pop(a, out, true);
}

void memory_redis::cmd_rpop(args a, reply_writer& out) {
  pop(a, out, false);
}

void memory_redis::cmd_llen(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->size()) : 0);
}

void memory_redis::cmd_lrange(args a, reply_writer& out) {
  auto first = to_integer(a[2]);
  auto last = to_integer(a[3]);
  if (!first || !last)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!x || !clip(static_cast<int64_t>(x->size()), *first, *last))
    return out.array(0);
  out.array(static_cast<size_t>(*last - *first + 1));
  for (auto i = *first; i <= *last; ++i)
    out.text((*x)[static_cast<size_t>(i)]);
}

void memory_redis::cmd_lindex(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.nil();
  auto index = to_integer(a[2]);
  if (!index)
    return out.error(not_an_integer);
  auto size = x ? static_cast<int64_t>(x->size()) : 0;
  auto at = *index < 0 ? size + *index : *index;
  if (at < 0 || at >= size)
    return out.nil();
  out.text((*x)[static_cast<size_t>(at)]);
}

void memory_redis::cmd_lrem(args a, reply_writer& out) {
  auto count = to_integer(a[2]);
  if (!count)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.integer(0);
  auto limit = *count == 0 ? x->size() : static_cast<size_t>(std::abs(*count));
  size_t removed = 0;
  if (*count >= 0) {
    for (auto at = x->begin(); at != x->end() && removed < limit;)
      if (*at == a[3]) {
        at = x->erase(at);
        ++removed;
      } else {
        ++at;
      }
  } else {
    for (auto i = x->size(); i > 0 && removed < limit; --i)
      if ((*x)[i - 1] == a[3]) {
        x->erase(x->begin() + static_cast<std::ptrdiff_t>(i - 1));
        ++removed;
      }
  }
  remove_if_empty(a[1], *x);
  out.integer(static_cast<int64_t>(removed));
}

void memory_redis::cmd_ltrim(args a, reply_writer& out) {
  auto first = to_integer(a[2]);
  auto last = to_integer(a[3]);
  if (!first || !last)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (x) {
    if (clip(static_cast<int64_t>(x->size()), *first, *last))
      *x = redis_list{x->begin() + *first, x->begin() + *last + 1};
    else
      x->clear();
    remove_if_empty(a[1], *x);
  }
  out.status("OK");
}

void memory_redis::cmd_lset(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.error("ERR no such key");
  auto index = to_integer(a[2]);
  if (!index)
    return out.error(not_an_integer);
  auto size = static_cast<int64_t>(x->size());
  auto at = *index < 0 ? size + *index : *index;
  if (at < 0 || at >= size)
    return out.error("ERR index out of range");
  (*x)[static_cast<size_t>(at)] = a[3];
  out.status("OK");
}

// For LMOVE and BLMOVE: name, from, to, side, side.
void memory_redis::move(args a, reply_writer& out) {
  auto from_left = is_word(a[3], "left");
  auto to_left = is_word(a[4], "left");
  if ((!from_left && !is_word(a[3], "right"))
      || (!to_left && !is_word(a[4], "right")))
    return out.error(syntax_error);
  auto bad = false;
  auto* from = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  if (!from)
    return out.nil();
  get<redis_list>(a[2], out, bad);
  if (bad)
    return;
  auto value = from_left ? from->front() : from->back();
  if (from_left)
    from->pop_front();
  else
    from->pop_back();
  auto* to = make<redis_list>(a[2], out);
  if (to_left)
    to->push_front(value);
  else
    to->push_back(value);
  if (auto* rest = get<redis_list>(a[1], out, bad))
    remove_if_empty(a[1], *rest);
  if (a[1] != a[2])
    signal(a[2]);
  out.text(value);
}

void memory_redis::cmd_lmove(args a, reply_writer& out) {
  move(a, out);
}

void memory_redis::cmd_blmove(args a, reply_writer& out) {
  auto timeout = to_double(a[5]);
  if (!timeout)
    return out.error("ERR timeout is not a float or out of range");
  if (*timeout < 0)
    return out.error("ERR timeout is negative");
  move(a.first(5), out);
}

// Only the option RANK.
void memory_redis::cmd_lpos(args a, reply_writer& out) {
  if (a.size() != 3 && (a.size() != 5 || !is_word(a[3], "rank")))
    return out.error(syntax_error);
  auto rank = a.size() == 5 ? to_integer(a[4]) : 1;
  if (!rank)
    return out.error(not_an_integer);
  if (*rank == 0)
    return out.error("ERR RANK can't be zero: use 1 to start from the first "
                     "match, 2 from the second ... or use negative to start "
                     "from the end of the list");
  auto bad = false;
  auto* x = get<redis_list>(a[1], out, bad);
  if (bad)
    return;
  auto left = std::abs(*rank);
  for (size_t i = 0, n = x ? x->size() : 0; i < n; ++i) {
    auto at = *rank > 0 ? i : n - 1 - i;
    if ((*x)[at] == a[2] && --left == 0)
      return out.integer(static_cast<int64_t>(at));
  }
  out.nil();
}

// -- hashes -------------------------------------------------------------------

void memory_redis::cmd_hset(args a, reply_writer& out) {
  auto multiple = a[0].size() == 5; // HMSET
  if (a.size() % 2 != 0)
    return out.error("ERR wrong number of arguments for '"
                     + std::string{multiple ? "hmset" : "hset"} + "' command");
  auto* x = make<redis_hash>(a[1], out);
  if (!x)
    return;
  int64_t added = 0;
  for (size_t i = 2; i < a.size(); i += 2) {
    auto at = find_field(*x, a[i]);
    if (at == x->end()) {
      x->emplace_back(a[i], a[i + 1]);
      ++added;
      changed_field(a[1], a[i], {}, a[i + 1]);
    } else {
      if (at->second != a[i + 1])
        changed_field(a[1], a[i], at->second, a[i + 1]);
      at->second.assign(a[i + 1]);
    }
  }
  if (multiple)
    out.status("OK");
  else
    out.integer(added);
}

void memory_redis::cmd_hsetnx(args a, reply_writer& out) {
  auto* x = make<redis_hash>(a[1], out);
  if (!x)
    return;
  if (find_field(*x, a[2]) != x->end())
    return out.integer(0);
  x->emplace_back(a[2], a[3]);
  changed_field(a[1], a[2], {}, a[3]);
  out.integer(1);
}

void memory_redis::cmd_hget(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  if (x)
    if (auto at = find_field(*x, a[2]); at != x->end())
      return out.text(at->second);
  out.nil();
}

void memory_redis::cmd_hmget(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  out.array(a.size() - 2);
  for (auto& name : a.subspan(2)) {
    auto at = x ? find_field(*x, name) : hash_at{};
    if (x && at != x->end())
      out.text(at->second);
    else
      out.nil();
  }
}

void memory_redis::cmd_hgetall(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.array(0);
  out.array(2 * x->size());
  for (auto& [name, value] : *x) {
    out.text(name);
    out.text(value);
  }
}

void memory_redis::cmd_hdel(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  int64_t n = 0;
  if (x) {
    for (auto& name : a.subspan(2))
      if (auto at = find_field(*x, name); at != x->end()) {
        changed_field(a[1], name, at->second, {});
        x->erase(at);
        ++n;
      }
    remove_if_empty(a[1], *x);
  }
  out.integer(n);
}

void memory_redis::cmd_hexists(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (!bad)
    out.integer(x && find_field(*x, a[2]) != x->end() ? 1 : 0);
}

void memory_redis::cmd_hlen(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->size()) : 0);
}

void memory_redis::cmd_hkeys(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  out.array(x ? x->size() : 0);
  if (x)
    for (auto& field : *x)
      out.text(field.first);
}

void memory_redis::cmd_hvals(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  out.array(x ? x->size() : 0);
  if (x)
    for (auto& field : *x)
      out.text(field.second);
}

void memory_redis::cmd_hstrlen(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  auto at = x ? find_field(*x, a[2]) : hash_at{};
  out.integer(x && at != x->end() ? static_cast<int64_t>(at->second.size())
                                  : 0);
}

void memory_redis::cmd_hincrby(args a, reply_writer& out) {
  auto by = to_integer(a[3]);
  if (!by)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_hash>(a[1], out, bad);
  if (bad)
    return;
  auto at = x ? find_field(*x, a[2]) : hash_at{};
  auto has = x && at != x->end();
  auto value = has ? to_integer(at->second) : 0;
  if (!value)
    return out.error("ERR hash value is not an integer");
  int64_t sum = 0;
  if (__builtin_add_overflow(*value, *by, &sum))
    return out.error("ERR increment or decrement would overflow");
  auto text = std::to_string(sum);
  changed_field(a[1], a[2], has ? std::string_view{at->second} : "", text);
  if (has)
    at->second = text;
  else
    make<redis_hash>(a[1], out)->emplace_back(a[2], text);
  out.integer(sum);
}

} // namespace render::harness
