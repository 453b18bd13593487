// What a job's owner writes until its webhook has been delivered.
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view progress_lua = R"lua(
local r = redis.call('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
local status = clip(r[1] or '', 80)
if r[2] ~= ARGV[1] or r[3] ~= ARGV[6] or status ~= 'running' then
  return {0, status}
end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'stage', ARGV[3], 'progress_at', ARGV[5])
  if tonumber(ARGV[4]) >= 0 then
    redis.call('HSET', KEYS[1], 'progress', ARGV[4])
  end
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[3], clock_ms + ARGV[7], ARGV[8])
return {1, status}
)lua";

constexpr std::string_view ask_owner_lua = R"lua(
local r = redis.call('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
local ours = r[1] == 'running' and r[2] == ARGV[1] and r[3] == ARGV[2]
return {ours and 1 or 0, clip(r[1] or '', 80)}
)lua";

// `settled_by` tells our own earlier write from a front end's status, so that
// asking twice is safe.
constexpr std::string_view settle_lua = R"lua(
-- What it says is known to whoever settles.
local function entry()
  local e = redis.call('HMGET', KEYS[5], 'attempts', 'created_ms')
  if e[2] and redis.call('ZSCORE', KEYS[4], ARGV[2]) then
    return {1, {clip(e[1], 32), clip(e[2], 32)}}
  end
  return {1, {}}
end
-- Only we write it: what is of another type would fail all that follows.
local found = redis.pcall('HSTRLEN', KEYS[5], 'id')
if type(found) == 'table' then redis.call('DEL', KEYS[5]) end
local worker, id, status, fence = ARGV[1], ARGV[2], ARGV[4], ARGV[15]
local signature = worker .. ' ' .. fence
local r = redis.pcall('HMGET', KEYS[1], 'status', 'locked_by', 'settled_by',
                      'fence')
local missing = not r.err and redis.call('EXISTS', KEYS[1]) == 0
if not r.err and not missing and r[3] == signature then
  redis.call('SREM', KEYS[3], id)
  advance(KEYS[7], ARGV[16], ARGV[17])
  return entry()
end
if r.err or missing and ARGV[9] ~= '1'
   or not missing and (r[1] ~= 'running' or r[2] ~= worker
                       or r[4] ~= fence) then
  -- The lease may be another owner's by now; ours has run out.
  if r.err or missing or r[1] ~= 'running' then
    redis.call('ZREM', KEYS[6], id)
  end
  if r.err or r[2] ~= worker or r[1] ~= 'running' then
    redis.call('SREM', KEYS[3], id)
  end
  return {0, {}}
end
local set = {'HSET', KEYS[1], 'status', status, 'finished_at', ARGV[3],
             'settled_by', signature}
local function put(name, value)
  table.insert(set, name)
  table.insert(set, value)
end
if missing then
  put('id', id)
  put('type', 'unknown')
end
if ARGV[18] == '1' then put('cancelling', 'true') end
if ARGV[20] ~= '' then put('notice', ARGV[20]) end
if status == 'failed' then put('error', ARGV[5]) else put('progress', 1) end
if ARGV[6] ~= '' or ARGV[8] == '1' then put('result', ARGV[6]) end
if ARGV[7] ~= '' then put('result_url', ARGV[7]) end
redis.call(unpack(set))
if missing then redis.call('EXPIRE', KEYS[1], ARGV[10]) end
if status == 'success' then redis.call('HDEL', KEYS[1], 'error') end
redis.call('HDEL', KEYS[1], 'stage', 'remote')
redis.call('DEL', KEYS[2])
redis.call('SREM', KEYS[3], id)
redis.call('ZREM', KEYS[6], id)
advance(KEYS[7], ARGV[16], ARGV[17])
if ARGV[11] ~= '' then
  redis.call('HSET', KEYS[5], 'id', 'msg_' .. id, 'url', ARGV[11],
             'body', ARGV[12], 'attempts', 0, 'created_ms', ARGV[13],
             'mac', ARGV[19])
  redis.call('HDEL', KEYS[5], 'error')
  redis.call('ZADD', KEYS[4], clock_ms + ARGV[14], id)
  return entry()
end
return {1, {}}
)lua";

// The record comes along, for a body that nobody can show to be ours is made
// anew from it.
constexpr std::string_view take_webhooks_lua = R"lua(
local body_max = 33554432
local final = {success = true, failed = true}
local function record_of(id)
  local key = 'job:' .. id
  if redis.call('EXISTS', key) == 0 then return {'missing'} end
  local r = redis.pcall('HMGET', key, 'status')
  if r.err then return {'missing'} end
  local url = notify_url_of(key, 16 * data_max)
  local data = bounded(key, 'data', data_max)
  if r[1] == 'queued' or r[1] == 'running' then return {'open', data, url} end
  local result, over = bounded(key, 'result', body_max)
  if over or not final[r[1]] then return {'ended', data, url} end
  return {r[1], data, url, bounded(key, 'error', 65536),
          bounded(key, 'result_url', 65536), result}
end
local out = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[2])
for _, id in ipairs(due) do
  local key = ARGV[3] .. id
  local e = redis.pcall('HMGET', key, 'id', 'attempts', 'created_ms', 'mac')
  if not e.err and e[1] and #id <= 1024 then
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[1], id)
    table.insert(out, {id, clip(e[1], 1100), bounded(key, 'url', 65536),
                       bounded(key, 'body', body_max), clip(e[2], 32),
                       clip(e[3], 32), clip(e[4], 128), record_of(id)})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return out
)lua";

constexpr std::string_view record_delivery_lua = R"lua(
local id, state = ARGV[1], ARGV[2]
if state ~= 'retry_later' then advance(KEYS[4], ARGV[8], ARGV[9]) end
if state == 'delivered' then
  redis.call('ZREM', KEYS[1], id)
  redis.call('DEL', KEYS[3])
  return 0
end
if not redis.call('ZSCORE', KEYS[1], id) then return 0 end
redis.call('HSET', KEYS[3], 'attempts', ARGV[3], 'error', ARGV[4])
if state == 'retry_later' then
  redis.call('ZADD', KEYS[1], clock_ms + ARGV[5], id)
  return 0
end
redis.call('ZREM', KEYS[1], id)
redis.call('ZADD', KEYS[2], clock_ms, id)
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[6])
if over <= 0 then return 0 end
local oldest = redis.call('ZRANGE', KEYS[2], 0, over - 1)
for _, x in ipairs(oldest) do
  redis.call('ZREM', KEYS[2], x)
  redis.call('DEL', ARGV[7] .. x)
end
return #oldest
)lua";

} // namespace

const script& progress_script() {
  static const auto x
    = make_script("progress", joined_lua(clock_lua, bounds_lua, progress_lua));
  return x;
}

const script& ask_owner_script() {
  static const auto x = make_script("ask_owner",
                                    joined_lua(bounds_lua, ask_owner_lua));
  return x;
}

const script& settle_script() {
  static const auto x = make_script(
    "settle", joined_lua(clock_lua, mark_lua, bounds_lua, settle_lua));
  return x;
}

const script& take_webhooks_script() {
  static const auto x = make_script(
    "take_webhooks", joined_lua(clock_lua, job_limits_lua(), bounds_lua,
                                notify_url_lua, take_webhooks_lua));
  return x;
}

const script& record_delivery_script() {
  static const auto x = make_script(
    "record_delivery", joined_lua(clock_lua, mark_lua, record_delivery_lua));
  return x;
}

} // namespace render::job_store
