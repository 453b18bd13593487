#pragma once
// Looks at the claimable jobs, oldest first. Each worker without a free slot
// looks every few seconds, mostly at jobs that it has seen before: a number in
// the answer. Beyond those that are shown, jobs are only counted. That is a
// walk through all of the queue: of a long one its beginning is counted here,
// the asker goes on from there (see `count`), and the whole count serves all
// workers for a while.
//
// Changes: the kept count of a long queue.
#include "actors/io/redis/scripts/claimed_jobs.hpp"
#include "actors/io/redis/scripts/count.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/scripts/lua.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/script.hpp"
#include "messages/queue.hpp"

#include <charconv>

namespace render::job_store {

struct peek_args {
  worker_terms worker;
  /// Unix seconds.
  double now_s = 0;
  /// Most jobs to return.
  uint32_t limit = 100;
  count_terms counting;
  /// Longest `data` that comes along, bytes.
  uint32_t data_max = 0;
  /// Ids of jobs that the asker has seen.
  std::vector<job_id> known;
};

struct peek_answer {
  /// Without the counts.
  msg::queue_snapshot seen;
  queue_count counted;
};

inline constexpr std::string_view peek_names_lua = R"lua(
local queue, kept_count = unpack(KEYS)
local worker, limit, ids_max, short_max, now, type_list, counted_above, kept_ms
  = unpack(ARGV, 1, 8)
limit, ids_max = tonumber(limit), tonumber(ids_max)
short_max, now = tonumber(short_max), tonumber(now)
counted_above = tonumber(counted_above)
local types, count = {}, {}
for t in string.gmatch(type_list, '[^,]+') do
  table.insert(types, t)
  count[t] = 0
end
local known = {}
for i = 9, #ARGV do known[ARGV[i]] = i - 9 end
)lua";

inline constexpr std::string_view peek_lua = R"lua(
local function data_of(id)
  local key = 'job:' .. id
  local size = redis.call('HSTRLEN', key, 'data')
  if size == 0 then return false end
  return size <= short_max and redis.call('HGET', key, 'data') or size
end
local length = redis.call('LLEN', queue)
local counted = false
if length > counted_above then
  counted = read_kept_count(kept_count, #types, length)
end
local waiting, still, at, page, last = {}, {}, 0, 100, ''
local function is_full() return #waiting + #still >= limit end
while at < ids_max
    and not (is_full() and (counted or at >= counted_above)) do
  local ids = redis.call('LRANGE', queue, at, at + page - 1)
  if #ids == 0 then break end
  at, last = at + #ids, ids[#ids]
  for _, id in ipairs(ids) do
    local shown = not is_full()
    local position = shown and known[id]
    local state, r
    if shown and not position then
      state, r = look(id, 'type', 'complete_by', 'created_at', 'max_time')
    else
      state, r = look(id, 'type', 'complete_by')
    end
    if state == 'free' then tally(count, r, now) end
    if state == 'free' and position then
      table.insert(still, position)
    elseif state == 'free' and shown then
      table.insert(waiting, {id, 0, clip(r[3], 80), clip(r[5], 64),
                             clip(r[4], 64), clip(r[6], 64), data_of(id)})
    elseif state == 'missing' and shown then
      table.insert(waiting, {id, 0, false, false, false, false, false})
    end
  end
end
local rest = ''
if not counted then
  counted = tallied(types, count)
  if at < length and at < ids_max then
    rest = at .. ' ' .. clip(last, 1024)
  elseif length > counted_above then
    keep_count(kept_count, counted, length, kept_ms)
  end
end
return {length, waiting, still, clip(counted, 200), rest}
)lua";

inline script_call call_of(const peek_args& x) {
  static const auto lua = make_script("peek", peek_names_lua, bounds_lua,
                                      look_lua, tally_lua, kept_count_lua,
                                      peek_lua);
  auto& by = x.worker;
  auto argv = redis_words(by.id, x.limit, x.counting.ids_max, x.data_max,
                          x.now_s, job_types_text(), x.counting.piece,
                          x.counting.kept);
  argv.insert(argv.end(), x.known.begin(), x.known.end());
  return {&lua,
          {std::string{keys::queue}, keys::waiting_count(by.prefix)},
          std::move(argv)};
}

/// Of {queue length, array of job entries, array of positions among the known
/// ids, counts, where a count goes on}. A job's `data` is empty where it is too
/// long to come along, and "null", which no job accepts, where the record has
/// none or more than a job may have.
inline result<peek_answer> read_peek(reply x) {
  if (auto wrong = unless_array(x, 3, "peek"))
    return fail(std::move(*wrong));
  peek_answer out;
  out.seen.queue_length = static_cast<uint64_t>(integer_at(x, 0));
  for (auto& entry : x.elements[1].elements) {
    auto data = entry.is_array(7) ? entry.elements[6].type : reply::kind::nil;
    auto is_size = data == reply::kind::integer;
    // Longer than any job may be: the claim brings it, to be told so.
    auto too_long = is_size
                    && entry.elements[6].integer
                         > static_cast<int64_t>(data_bytes_max);
    auto subject = read_job(std::move(entry)).subject;
    if (is_size && !too_long)
      subject.data.clear();
    else if (data == reply::kind::nil || too_long)
      subject.data = "null";
    out.seen.waiting.push_back(std::move(subject));
  }
  for (auto& position : x.elements[2].elements)
    out.seen.known.push_back(static_cast<uint32_t>(position.integer));
  out.counted.counts = text_at(x, 3);
  auto rest = text_at(x, 4);
  auto space = rest.find(' ');
  if (space == std::string::npos)
    return out;
  out.counted.complete = false;
  std::from_chars(rest.data(), rest.data() + space, out.counted.ids);
  out.counted.last_id = rest.substr(space + 1);
  return out;
}

} // namespace render::job_store
