// The Redis in memory: sets and sorted sets.
#include "app/harness/redis_access.hpp"
#include "app/harness/redis_scripts.hpp"

#include <algorithm>
#include <iterator>

namespace render::harness {

using namespace redis_text;

namespace {

constexpr std::string_view bad_range = "ERR min or max is not a float";

/// One end of a range of scores.
struct bound {
  double score = 0;
  bool exclusive = false;
};

std::optional<bound> to_bound(std::string_view x) {
  bound out;
  out.exclusive = x.starts_with('(');
  auto score = to_double(out.exclusive ? x.substr(1) : x);
  if (!score)
    return std::nullopt;
  out.score = *score;
  return out;
}

bool above(const bound& min, double x) {
  return min.exclusive ? x > min.score : x >= min.score;
}

bool below(const bound& max, double x) {
  return max.exclusive ? x < max.score : x <= max.score;
}

using ordered = std::vector<std::pair<std::string_view, double>>;
using scored = std::pair<double, std::string_view>;

ordered in_range(const redis_zset& x, const bound& min, const bound& max) {
  ordered out;
  for (auto at = x.order.lower_bound(scored{min.score, {}});
       at != x.order.end() && below(max, at->first); ++at)
    if (above(min, at->first))
      out.emplace_back(at->second, at->first);
  return out;
}

void write(const ordered& xs, size_t first, size_t count, bool with_scores,
           reply_writer& out) {
  first = std::min(first, xs.size());
  count = std::min(count, xs.size() - first);
  out.array(with_scores ? 2 * count : count);
  for (size_t i = first; i < first + count; ++i) {
    out.text(xs[i].first);
    if (with_scores)
      out.text(double_text(xs[i].second));
  }
}

void put(redis_zset& x, std::string_view member, double score) {
  auto at = x.scores.find(member);
  if (at == x.scores.end()) {
    x.scores.emplace(member, score);
    x.order.emplace(score, member);
    return;
  }
  auto moved = x.order.extract(x.order.find(scored{at->second, member}));
  at->second = moved.value().first = score;
  x.order.insert(std::move(moved));
}

bool take(redis_zset& x, std::string_view member) {
  auto at = x.scores.find(member);
  if (at == x.scores.end())
    return false;
  x.order.erase(x.order.find(scored{at->second, member}));
  x.scores.erase(at);
  return true;
}

} // namespace

// -- sets ---------------------------------------------------------------------

void memory_redis::cmd_sadd(args a, reply_writer& out) {
  auto* x = make<redis_set>(a[1], out);
  if (!x)
    return;
  int64_t n = 0;
  for (auto& member : a.subspan(2))
    n += x->emplace(member).second ? 1 : 0;
  out.integer(n);
}

void memory_redis::cmd_srem(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_set>(a[1], out, bad);
  if (bad)
    return;
  int64_t n = 0;
  if (x) {
    for (auto& member : a.subspan(2))
      if (auto at = x->find(member); at != x->end()) {
        x->erase(at);
        ++n;
      }
    remove_if_empty(a[1], *x);
  }
  out.integer(n);
}

void memory_redis::cmd_smembers(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_set>(a[1], out, bad);
  if (bad)
    return;
  out.array(x ? x->size() : 0);
  if (x)
    for (auto& member : *x)
      out.text(member);
}

void memory_redis::cmd_sismember(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_set>(a[1], out, bad);
  if (!bad)
    out.integer(x && x->find(a[2]) != x->end() ? 1 : 0);
}

void memory_redis::cmd_scard(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_set>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->size()) : 0);
}

// -- sorted sets --------------------------------------------------------------

void memory_redis::cmd_zadd(args a, reply_writer& out) {
  auto only_new = false;
  auto only_old = false;
  auto greater = false;
  auto less = false;
  auto count_changes = false;
  size_t i = 2;
  for (; i < a.size(); ++i) {
    if (is_word(a[i], "nx"))
      only_new = true;
    else if (is_word(a[i], "xx"))
      only_old = true;
    else if (is_word(a[i], "gt"))
      greater = true;
    else if (is_word(a[i], "lt"))
      less = true;
    else if (is_word(a[i], "ch"))
      count_changes = true;
    else
      break;
  }
  if (i == a.size() || (a.size() - i) % 2 != 0)
    return out.error(syntax_error);
  if (only_new && only_old)
    return out.error(
      "ERR XX and NX options at the same time are not compatible");
  if ((greater && less) || (only_new && (greater || less)))
    return out.error("ERR GT, LT, and/or NX options at the same time are not "
                     "compatible");
  for (auto k = i; k < a.size(); k += 2)
    if (!to_double(a[k]))
      return out.error(not_a_float);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  int64_t n = 0;
  for (; i < a.size(); i += 2) {
    auto score = *to_double(a[i]);
    auto has = x && x->scores.find(a[i + 1]) != x->scores.end();
    if (has) {
      auto old = x->scores.find(a[i + 1])->second;
      if (only_new || (greater && score <= old) || (less && score >= old)
          || score == old)
        continue;
      n += count_changes ? 1 : 0;
    } else {
      if (only_old)
        continue;
      ++n;
    }
    if (!x)
      x = make<redis_zset>(a[1], out);
    put(*x, a[i + 1], score);
  }
  out.integer(n);
}

void memory_redis::cmd_zincrby(args a, reply_writer& out) {
  auto by = to_double(a[2]);
  if (!by)
    return out.error(not_a_float);
  auto* x = make<redis_zset>(a[1], out);
  if (!x)
    return;
  auto at = x->scores.find(a[3]);
  auto score = (at == x->scores.end() ? 0 : at->second) + *by;
  put(*x, a[3], score);
  out.text(double_text(score));
}

void memory_redis::cmd_zrem(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  int64_t n = 0;
  if (x) {
    for (auto& member : a.subspan(2))
      n += take(*x, member) ? 1 : 0;
    remove_if_empty(a[1], x->scores);
  }
  out.integer(n);
}

void memory_redis::cmd_zscore(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (x)
    if (auto at = x->scores.find(a[2]); at != x->scores.end())
      return out.text(double_text(at->second));
  out.nil();
}

void memory_redis::cmd_zrank(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (x)
    if (auto at = x->scores.find(a[2]); at != x->scores.end())
      return out.integer(std::distance(
        x->order.begin(), x->order.find(scored{at->second, a[2]})));
  out.nil();
}

void memory_redis::cmd_zcard(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->scores.size()) : 0);
}

void memory_redis::cmd_zcount(args a, reply_writer& out) {
  auto min = to_bound(a[2]);
  auto max = to_bound(a[3]);
  if (!min || !max)
    return out.error(bad_range);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(in_range(*x, *min, *max).size()) : 0);
}

// Ranges by index only.
void memory_redis::cmd_zrange(args a, reply_writer& out) {
  auto first = to_integer(a[2]);
  auto last = to_integer(a[3]);
  auto with_scores = a.size() == 5 && is_word(a[4], "withscores");
  if (a.size() > 5 || (a.size() == 5 && !with_scores))
    return out.error(syntax_error);
  if (!first || !last)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (!x || !clip(static_cast<int64_t>(x->scores.size()), *first, *last))
    return out.array(0);
  auto count = static_cast<size_t>(*last - *first + 1);
  ordered found;
  for (auto at = std::next(x->order.begin(), *first); found.size() < count;
       ++at)
    found.emplace_back(at->second, at->first);
  write(found, 0, count, with_scores, out);
}

void memory_redis::cmd_zrangebyscore(args a, reply_writer& out) {
  auto with_scores = false;
  int64_t offset = 0;
  int64_t count = -1;
  for (size_t i = 4; i < a.size(); ++i) {
    if (is_word(a[i], "withscores")) {
      with_scores = true;
    } else if (is_word(a[i], "limit") && i + 2 < a.size()) {
      auto skip = to_integer(a[i + 1]);
      auto most = to_integer(a[i + 2]);
      if (!skip || !most)
        return out.error(not_an_integer);
      offset = *skip;
      count = *most;
      i += 2;
    } else {
      return out.error(syntax_error);
    }
  }
  auto min = to_bound(a[2]);
  auto max = to_bound(a[3]);
  if (!min || !max)
    return out.error(bad_range);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (!x || offset < 0)
    return out.array(0);
  write(in_range(*x, *min, *max), static_cast<size_t>(offset),
        count < 0 ? SIZE_MAX : static_cast<size_t>(count), with_scores, out);
}

void memory_redis::remove_range(std::string_view key, size_t first,
                                size_t count, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_zset>(key, out, bad);
  if (!x)
    return;
  auto at = std::next(x->order.begin(), static_cast<std::ptrdiff_t>(first));
  for (size_t i = 0; i < count; ++i) {
    x->scores.erase(x->scores.find(at->second));
    at = x->order.erase(at);
  }
  remove_if_empty(key, x->scores);
}

void memory_redis::cmd_zremrangebyrank(args a, reply_writer& out) {
  auto first = to_integer(a[2]);
  auto last = to_integer(a[3]);
  if (!first || !last)
    return out.error(not_an_integer);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (!x || !clip(static_cast<int64_t>(x->scores.size()), *first, *last))
    return out.integer(0);
  auto count = static_cast<size_t>(*last - *first + 1);
  remove_range(a[1], static_cast<size_t>(*first), count, out);
  out.integer(static_cast<int64_t>(count));
}

void memory_redis::cmd_zremrangebyscore(args a, reply_writer& out) {
  auto min = to_bound(a[2]);
  auto max = to_bound(a[3]);
  if (!min || !max)
    return out.error(bad_range);
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.integer(0);
  std::vector<std::string> found;
  for (auto& entry : in_range(*x, *min, *max))
    found.emplace_back(entry.first);
  for (auto& member : found)
    take(*x, member);
  remove_if_empty(a[1], x->scores);
  out.integer(static_cast<int64_t>(found.size()));
}

void memory_redis::cmd_zpopmin(args a, reply_writer& out) {
  auto count = a.size() > 2 ? to_integer(a[2]) : 1;
  if (!count || *count < 0)
    return out.error("ERR value is out of range, must be positive");
  auto bad = false;
  auto* x = get<redis_zset>(a[1], out, bad);
  if (bad)
    return;
  if (!x)
    return out.array(0);
  auto n = std::min<size_t>(static_cast<size_t>(*count), x->scores.size());
  out.array(2 * n);
  auto at = x->order.begin();
  for (size_t i = 0; i < n; ++i, ++at) {
    out.text(at->second);
    out.text(double_text(at->first));
  }
  remove_range(a[1], 0, n, out);
}

} // namespace render::harness
