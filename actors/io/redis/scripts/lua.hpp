#pragma once
// What the files of scripts share. Internal to the JOB STORE.
#include "actors/io/redis/scripts/script.hpp"
#include "messages/job_params.hpp"

#include <string>
#include <string_view>

namespace render::job_store {

/// clock_ms: leases run by Redis' own clock, so that no worker's clock
/// matters. ms_text(ms): such a time as an argument; a number would be
/// formatted for each command that it goes to.
inline constexpr std::string_view clock_lua = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function ms_text(ms) return string.format('%.0f', ms) end
)lua";

/// wait_ms(leases): until the first of them runs out, 0 when it has; -1 when
/// there is none.
inline constexpr std::string_view wait_lua = R"lua(
local function wait_ms(leases)
  local first = redis.call('ZRANGE', leases, 0, 0)[1]
  if not first then return -1 end
  return math.max(0, redis.call('ZSCORE', leases, first) - clock_ms)
end
)lua";

/// advance(mark, confirmed, number): notes that this write has happened. A mark
/// below what Redis had confirmed to the writer is the witness that it lost
/// writes; it stays until all of them have been made again.
inline constexpr std::string_view mark_lua = R"lua(
local function advance(mark, confirmed, number)
  local at = tonumber(redis.call('GET', mark) or '0')
  if at >= tonumber(confirmed) and tonumber(number) > at then
    redis.call('SET', mark, number, 'EX', 604800)
  end
end
)lua";

/// What stands in a record was written by others, and may be of any size.
/// bounded(key, field, most): the field; false when there is none; false and
/// its length when that is above `most`, and then it is not read.
/// clip(text, most): of a text that is read already, what may leave Redis.
/// whole(text): a counter; 0 when there is none, nil when it is no whole number
/// that Lua and JSON can count on.
/// history_of(key): the last lines of a job's history.
inline constexpr std::string_view bounds_lua = R"lua(
local function bounded(key, field, most)
  local size = redis.call('HSTRLEN', key, field)
  if size == 0 then return false end
  if size > most then return false, size end
  return redis.call('HGET', key, field)
end
local function clip(text, most)
  if text and #text > most then return string.sub(text, 1, most) .. '...' end
  return text
end
local function whole(text)
  if not text or text == '' then return 0 end
  local n = #text <= 32 and tonumber(text)
  if not n or n ~= n or n < 0 or n > 9007199254740990 then return nil end
  return math.floor(n)
end
local function history_of(key)
  local text, over = bounded(key, 'history', 1048576)
  if over then return 'a history of ' .. over .. ' bytes, left out' end
  if not text or #text <= 32768 then return text end
  text = string.sub(text, -32768)
  local line = string.find(text, '\n', 1, true)
  return line and string.sub(text, line + 1) or text
end
)lua";

/// notify_url_of(key, most): where the webhook of a record goes whose `data` is
/// too long to be read elsewhere, or false.
inline constexpr std::string_view notify_url_lua = R"lua(
local function notify_url_of(key, most)
  local data = bounded(key, 'data', most)
  local url = data and string.match(
    data, '"notify_url"%s*:%s*"(https?://[^"\\%c]+)"')
  return url and #url <= 2048 and url
end
)lua";

/// look(id, ...): what can be done with a waiting id.
///   'free': claimable; 'held': somebody works on it; 'over': it has a final
///   status or is ours already, the id is a leftover; 'missing': no record;
///   'alien': the key holds something else, or the id is no id. Also the
///   record's status and locked_by, then the fields that were asked for.
/// A script's writes stay when it fails half-way, so what may meet a key of
/// another type is a pcall.
inline constexpr std::string_view look_lua = R"lua(
local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
local function look(id, ...)
  if #id > 1024 then return 'alien', {} end
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', ...)
  if r.err then return 'alien', r end
  if not r[1] and redis.call('EXISTS', key) == 0 then
    return 'missing', r
  end
  if final[r[1]] then return 'over', r end
  if r[2] and r[2] ~= '' then
    if r[2] == worker and r[1] == 'running' then return 'over', r end
    if redis.call('EXISTS', key .. ':lock') == 1 then return 'held', r end
  end
  return 'free', r
end
)lua";

/// tally(count, r, now): counts the job of type r[3] and complete_by r[4], see
/// `look`, among those of the types in `count`, unless it is too late for it.
/// tallied(types, count): the numbers in the order of `types`, with blanks.
inline constexpr std::string_view tally_lua = R"lua(
local function tally(count, r, now)
  if not count[r[3]] then return end
  local expires = tonumber(r[4] or '')
  if expires and expires > 0 and expires <= now then return end
  count[r[3]] = count[r[3]] + 1
end
local function tallied(types, count)
  local numbers = {}
  for i, t in ipairs(types) do numbers[i] = count[t] end
  return table.concat(numbers, ' ')
end
)lua";

/// keep_count(key, counted, length, ms): keeps what was counted of a queue of
/// that length. A Redis that refuses writes is only asked more often.
/// read_kept_count(key, types, length): that, of so many types, for a queue of
/// the length that it has now; false when there is none, or the queue has grown
/// by 1.5 %. Older workers keep no length, and read past it.
inline constexpr std::string_view kept_count_lua = R"lua(
local function keep_count(key, counted, length, ms)
  redis.pcall('SET', key, counted .. ' ' .. length, 'PX', ms)
end
local function read_kept_count(key, types, length)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' or not string.match(text, '^[%d ]+$') then
    return false
  end
  local numbers = {}
  for n in string.gmatch(text, '%d+') do table.insert(numbers, n) end
  local then_length = tonumber(numbers[types + 1])
  if then_length and length > then_length + then_length / 64 then
    return false
  end
  return table.concat(numbers, ' ', 1, math.min(#numbers, types))
end
)lua";

/// put_back(id, worker, queue, running, leases, events, fence): gives a job
/// that is the worker's, under this claim if `fence` is given, to the queue's
/// head, as if it had never been claimed. 1, or 0 when it is not.
inline constexpr std::string_view put_back_lua = R"lua(
local function put_back(id, worker, queue, running, leases, events, fence)
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt', 'fence')
  local is_worker_s = not r.err and r[1] == 'running' and r[2] == worker
  -- The worker has claimed it again since.
  if is_worker_s and fence and r[4] ~= fence then return 0 end
  redis.call('SREM', running, id)
  if not is_worker_s then return 0 end
  redis.call('ZREM', leases, id)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
             'progress', 'progress_at', 'stages', 'gpu')
  local attempt = (whole(r[3]) or 1) - 1
  if attempt > 0 then
    redis.call('HSET', key, 'attempt', attempt)
  else
    redis.call('HDEL', key, 'attempt')
  end
  -- Given back by its owner, who will not write any more: not so when a lease
  -- has run out.
  redis.call('HINCRBY', key, 'fence', -1)
  redis.call('DEL', key .. ':lock')
  redis.call('LPUSH', queue, id)
  event(events, 'job_released', 'job', id, 'worker', worker, 'attempt',
        attempt + 1)
  return 1
end
)lua";

/// data_max: the longest `data` of a job, bytes.
inline std::string job_limits_lua() {
  return "local data_max = " + std::to_string(data_bytes_max) + "\n";
}

} // namespace render::job_store
