// The scripts that keep a job with its owner, and take it away from a dead
// one.
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

constexpr std::string_view renew_lua = R"lua(
local worker, lock_s, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lost = {}
for i = 4, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'fence')
  if not r.err and r[1] == 'running' and r[2] == worker and r[3] == fence then
    redis.call('SET', key .. ':lock', worker, 'EX', lock_s)
    redis.call('ZADD', KEYS[1], clock_ms + lease_ms, id)
  else
    table.insert(lost, id)
  end
end
return lost
)lua";

// The job keeps its attempt count: a job that kills its workers must not run
// for ever.
constexpr std::string_view recover_lua = R"lua(
local back = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[1])
for _, id in ipairs(due) do
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt')
  if not r.err and r[1] == 'running' and r[2] and r[2] ~= '' then
    local attempt = whole(r[3]) or 1
    local text, former = ARGV[3] .. clip(r[2], 200), history_of(key)
    if former and former ~= '' then text = former .. '\n' .. text end
    redis.call('HSET', key, 'status', 'queued', 'history', text)
    redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
               'progress', 'progress_at')
    redis.call('DEL', key .. ':lock')
    redis.call('LPUSH', KEYS[1], id)
    redis.call('SREM', ARGV[2] .. r[2], id)
    table.insert(back, {clip(id, 80), clip(r[2], 200), attempt})
  end
  redis.call('ZREM', KEYS[2], id)
end
-- A Redis that refuses writes counts nobody anew, and has still answered.
redis.pcall('ZADD', KEYS[3], clock_ms + ARGV[5], ARGV[4])
redis.pcall('ZREMRANGEBYSCORE', KEYS[3], '-inf', clock_ms)
local workers = redis.pcall('ZCARD', KEYS[3])
return {wait_ms(KEYS[2]), back, type(workers) == 'number' and workers or 1}
)lua";

constexpr std::string_view note_remote_lua = R"lua(
local r = redis.pcall('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
if r.err or r[1] ~= 'running' or r[2] ~= ARGV[1] or r[3] ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], 'remote')
else
  redis.call('HSET', KEYS[1], 'remote', ARGV[3])
end
return 1
)lua";

constexpr std::string_view note_attempt_lua = R"lua(
local r = redis.pcall('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
if r.err or r[1] ~= 'running' or r[2] ~= ARGV[1] or r[3] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'attempt', ARGV[3], 'history', ARGV[4])
return 1
)lua";

// A job that Redis has confirmed to us, after it lost writes. What stands there
// now is from before, or was made by somebody since.
constexpr std::string_view restore_lua = R"lua(
local worker, id, fence = ARGV[1], ARGV[2], tonumber(ARGV[3])
if tonumber(redis.call('GET', KEYS[6]) or '0') >= tonumber(ARGV[4]) then
  return 'known'
end
local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
local r = redis.pcall('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
if r.err or final[r[1]] or (whole(r[3]) or 0) > fence then return 'taken' end
if r[2] and r[2] ~= '' and r[2] ~= worker
   and redis.call('EXISTS', KEYS[2]) == 1 then
  return 'taken'
end
local now = ARGV[7]
local missing = redis.call('EXISTS', KEYS[1]) == 0
redis.call('HSET', KEYS[1], 'status', 'running', 'locked_by', worker,
           'locked_at', clock[1], 'started_at', now, 'fence', fence,
           unpack(ARGV, 8, missing and #ARGV or 11))
if tonumber(ARGV[6]) > 0 then
  redis.call('SET', KEYS[2], worker, 'EX', ARGV[5])
else
  redis.call('DEL', KEYS[2])
end
redis.call('ZADD', KEYS[4], clock_ms + ARGV[6], id)
redis.call('SADD', KEYS[3], id)
redis.call('LREM', KEYS[5], 0, id)
return 'restored'
)lua";

} // namespace

const script& restore_script() {
  static const auto x
    = make_script("restore", joined_lua(clock_lua, bounds_lua, restore_lua));
  return x;
}

const script& renew_script() {
  static const auto x = make_script("renew", joined_lua(clock_lua, renew_lua));
  return x;
}

const script& recover_script() {
  static const auto x = make_script(
    "recover", joined_lua(clock_lua, wait_lua, bounds_lua, recover_lua));
  return x;
}

const script& note_remote_script() {
  static const auto x = make_script("note_remote",
                                    std::string{note_remote_lua});
  return x;
}

const script& note_attempt_script() {
  static const auto x = make_script("note_attempt",
                                    std::string{note_attempt_lua});
  return x;
}

} // namespace render::job_store
