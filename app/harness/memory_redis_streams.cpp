// The Redis in memory: streams, as far as workers and c3ctl use them. Trimmed
// with "~" a stream keeps up to a hundred entries more, as in Redis, whose
// nodes have so many.
#include "app/harness/redis_access.hpp"

#include <algorithm>

namespace render::harness {

using namespace redis_text;

namespace {

constexpr std::string_view bad_stream_id
  = "ERR Invalid stream ID specified as stream command argument";
constexpr size_t node_entries = 100;

std::optional<uint64_t> to_number(std::string_view x) {
  uint64_t out = 0;
  auto [at, error] = std::from_chars(x.data(), x.data() + x.size(), out);
  if (x.empty() || error != std::errc{} || at != x.data() + x.size())
    return std::nullopt;
  return out;
}

/// "ms" or "ms-n"; without n it is `missing`.
std::optional<stream_id> to_id(std::string_view x, uint64_t missing) {
  auto dash = x.find('-');
  auto ms = to_number(x.substr(0, dash));
  auto number = dash == std::string_view::npos ? missing
                                               : to_number(x.substr(dash + 1));
  if (!ms || !number)
    return std::nullopt;
  return stream_id{*ms, *number};
}

std::string to_text(const stream_id& x) {
  return std::to_string(x.first) + "-" + std::to_string(x.second);
}

struct id_range {
  stream_id first;
  stream_id last;
};

/// nullopt: one of them is no id.
std::optional<id_range> to_range(std::string_view first,
                                 std::string_view last) {
  constexpr stream_id least{0, 0};
  constexpr stream_id most{UINT64_MAX, UINT64_MAX};
  auto bound = [&](std::string_view x, uint64_t missing) {
    if (x == "-")
      return std::optional{least};
    if (x == "+")
      return std::optional{most};
    return to_id(x, missing);
  };
  auto from = bound(first, 0);
  auto to = bound(last, UINT64_MAX);
  if (!from || !to)
    return std::nullopt;
  return id_range{*from, *to};
}

void write(const redis_stream::entry& x, reply_writer& out) {
  out.array(2);
  out.text(to_text(x.id));
  out.array(x.words.size());
  for (auto& word : x.words)
    out.text(word);
}

} // namespace

// XADD key [MAXLEN [=|~] n] id|* field value ...
void memory_redis::cmd_xadd(args a, reply_writer& out) {
  size_t at = 2;
  std::optional<int64_t> most;
  auto about = false;
  if (is_word(a[at], "maxlen")) {
    ++at;
    about = at < a.size() && a[at] == "~";
    if (about || (at < a.size() && a[at] == "="))
      ++at;
    most = at < a.size() ? to_integer(a[at]) : std::nullopt;
    if (!most)
      return out.error(not_an_integer);
    if (*most < 0)
      return out.error("ERR The MAXLEN argument must be >= 0.");
    ++at;
  }
  if (at + 2 >= a.size() || (a.size() - at) % 2 == 0)
    return out.error("ERR wrong number of arguments for 'xadd' command");
  auto asked = a[at] == "*" ? std::optional{stream_id{}} : to_id(a[at], 0);
  if (!asked)
    return out.error(bad_stream_id);
  auto id = *asked;
  if (a[at] != "*" && id == stream_id{})
    return out.error("ERR The ID specified in XADD must be greater than 0-0");
  auto* x = make<redis_stream>(a[1], out);
  if (!x)
    return;
  if (a[at] == "*") {
    auto now = static_cast<uint64_t>(now_ms_());
    id = now > x->last.first ? stream_id{now, 0}
                             : stream_id{x->last.first, x->last.second + 1};
  } else if (id <= x->last) {
    return out.error("ERR The ID specified in XADD is equal or smaller than "
                     "the target stream top item");
  }
  redis_stream::entry made{id, {}};
  for (auto& word : a.subspan(at + 1))
    made.words.emplace_back(word);
  x->last = id;
  x->entries.push_back(std::move(made));
  if (most) {
    auto kept = static_cast<size_t>(*most) + (about ? node_entries : 0);
    if (x->entries.size() > kept)
      x->entries.erase(x->entries.begin(),
                       x->entries.end() - static_cast<std::ptrdiff_t>(*most));
  }
  out.text(to_text(id));
}

void memory_redis::cmd_xlen(args a, reply_writer& out) {
  auto bad = false;
  auto* x = get<redis_stream>(a[1], out, bad);
  if (!bad)
    out.integer(x ? static_cast<int64_t>(x->entries.size()) : 0);
}

void memory_redis::range_of_stream(args a, bool backwards, reply_writer& out) {
  auto range = backwards ? to_range(a[3], a[2]) : to_range(a[2], a[3]);
  if (!range)
    return out.error(bad_stream_id);
  auto most = INT64_MAX;
  if (a.size() > 4) {
    if (a.size() != 6 || !is_word(a[4], "count"))
      return out.error(syntax_error);
    auto count = to_integer(a[5]);
    if (!count)
      return out.error(not_an_integer);
    most = std::max<int64_t>(0, *count);
  }
  auto bad = false;
  auto* x = get<redis_stream>(a[1], out, bad);
  if (bad)
    return;
  if (x && most == 0)
    return out.nil();
  std::vector<const redis_stream::entry*> found;
  auto see = [&](const redis_stream::entry& y) {
    if (y.id >= range->first && y.id <= range->last
        && static_cast<int64_t>(found.size()) < most)
      found.push_back(&y);
  };
  if (x && backwards)
    std::for_each(x->entries.rbegin(), x->entries.rend(), see);
  else if (x)
    std::for_each(x->entries.begin(), x->entries.end(), see);
  out.array(found.size());
  for (auto* y : found)
    write(*y, out);
}

void memory_redis::cmd_xrange(args a, reply_writer& out) {
  range_of_stream(a, false, out);
}

void memory_redis::cmd_xrevrange(args a, reply_writer& out) {
  range_of_stream(a, true, out);
}

} // namespace render::harness
