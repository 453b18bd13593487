// The scripts of the launch ledger.
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

// Two launches whose answers were lost may find the same workload: the first to
// write it down has it.
constexpr std::string_view named_elsewhere_lua = R"lua(
local function named_elsewhere(ledger, prefix, id, workload)
  if workload == '' then return false end
  for _, other in ipairs(redis.call('ZRANGE', ledger, 0, -1)) do
    if other ~= id
        and redis.call('HGET', prefix .. other, 'workload') == workload then
      return true
    end
  end
  return false
end
)lua";

// Only a workload that is new to the entry is searched for, since most writes
// are signs of life. A launch is asked for right after it was written here, so
// a worker whose clock is ahead gives itself away: others would take the GPU
// for one that was there before.
constexpr std::string_view write_gpu_lua = R"lua(
local owner, known, expires, intent = unpack(redis.call(
  'HMGET', KEYS[2], 'owner', 'workload', 'expires', 'intent_at'))
if owner and owner ~= ARGV[1] then return 0 end
local value, place = {}, {}
for i = 7, #ARGV, 2 do
  value[ARGV[i]], place[ARGV[i]] = ARGV[i + 1], i + 1
end
local workload = value.workload or ''
local function not_after(text)
  if (tonumber(value.intent_at) or 0) > (tonumber(text) or 0) then
    value.intent_at, ARGV[place.intent_at] = text, text
  end
end
not_after(clock[1] .. '.' .. string.format('%06d', clock[2]))
if intent and expires == value.expires then not_after(intent) end
if workload ~= known
    and named_elsewhere(KEYS[1], ARGV[4], ARGV[3], workload) then
  return -1
end
redis.call('HSET', KEYS[2], 'owner', ARGV[1], unpack(ARGV, 7))
if ARGV[2] == '0' then
  redis.call('ZADD', KEYS[1], 'NX', clock_ms, ARGV[3])
else
  redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], ARGV[3])
end
advance(KEYS[3], ARGV[5], ARGV[6])
return 1
)lua";

constexpr std::string_view renew_gpus_lua = R"lua(
local lost = {}
for i = 4, #ARGV do
  if redis.call('HGET', ARGV[3] .. ARGV[i], 'owner') == ARGV[1] then
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], ARGV[i])
  else
    table.insert(lost, ARGV[i])
  end
end
return lost
)lua";

constexpr std::string_view look_at_gpu_lua = R"lua(
if tonumber(redis.call('GET', KEYS[2]) or '0') < tonumber(ARGV[2]) then
  return 'lost'
end
return redis.call('HGET', KEYS[1], 'owner') == ARGV[1] and 'there' or 'gone'
)lua";

constexpr std::string_view entry_lua = R"lua(
local function read_entry(prefix, id)
  local key = prefix .. id
  local r = redis.pcall('HMGET', key, 'type', 'state', 'expires', 'intent_at',
                        'workload', 'node', 'launched_at')
  if r.err or not r[1] or #id > 256 then return false end
  for i = 1, 7 do
    if r[i] and #r[i] > 1024 then return false end
  end
  return {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7],
          bounded(key, 'known_before', 1048576)}
end
)lua";

constexpr std::string_view take_gpus_lua = R"lua(
local entries, known = {}, {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[4])
for _, id in ipairs(due) do
  local entry = read_entry(ARGV[3], id)
  if entry then
    redis.call('HSET', ARGV[3] .. id, 'owner', ARGV[1])
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], id)
    table.insert(entries, entry)
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
if #entries > 0 then
  advance(KEYS[2], ARGV[5], ARGV[6])
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local workload = redis.call('HGET', ARGV[3] .. id, 'workload')
    if workload and workload ~= '' and #workload <= 1024 then
      table.insert(known, workload)
    end
  end
end
return {entries, known, wait_ms(KEYS[1])}
)lua";

constexpr std::string_view view_gpus_lua = R"lua(
local entries = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local entry = read_entry(ARGV[1], id)
  if entry and entry[2] == ARGV[2] then table.insert(entries, entry) end
end
local ended = {}
if ARGV[3] ~= '0' then
  for _, line in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[3] - 1)) do
    if #line <= 4096 then table.insert(ended, line) end
  end
end
return {entries, ended}
)lua";

// A workload that another launch has written down, or ended, leaves the one of
// that launch to this entry: somebody has to look for it. Such two ends are
// seconds apart, so the latest hundred tell. Nobody owns it then, lest a
// renewal that is on its way keeps it from others.
constexpr std::string_view close_gpu_lua = R"lua(
local function was_ended(workload)
  if workload == '' then return false end
  for _, line in ipairs(redis.call('LRANGE', KEYS[3], 0, 99)) do
    if string.find(line, ARGV[7], 1, true)
        and not string.find(line, ARGV[8], 1, true) then
      return true
    end
  end
  return false
end
local owner = redis.call('HGET', KEYS[2], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
advance(KEYS[4], ARGV[9], ARGV[10])
if owner and (named_elsewhere(KEYS[1], ARGV[5], ARGV[2], ARGV[6])
              or was_ended(ARGV[6])) then
  redis.call('HSET', KEYS[2], 'owner', '', 'state', 'intent', 'workload', '',
             'node', '', 'launched_at', 0)
  redis.call('ZADD', KEYS[1], 0, ARGV[2])
  return 2
end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[2])
if owner then
  redis.call('LPUSH', KEYS[3], ARGV[3])
  redis.call('LTRIM', KEYS[3], 0, ARGV[4] - 1)
end
return 1
)lua";

} // namespace

const script& write_gpu_script() {
  static const auto x = make_script(
    "write_gpu",
    joined_lua(clock_lua, mark_lua, named_elsewhere_lua, write_gpu_lua));
  return x;
}

const script& renew_gpus_script() {
  static const auto x = make_script("renew_gpus",
                                    joined_lua(clock_lua, renew_gpus_lua));
  return x;
}

const script& look_at_gpu_script() {
  static const auto x = make_script("look_at_gpu",
                                    std::string{look_at_gpu_lua});
  return x;
}

const script& take_gpus_script() {
  static const auto x = make_script(
    "take_gpus", joined_lua(clock_lua, wait_lua, mark_lua, bounds_lua,
                            entry_lua, take_gpus_lua));
  return x;
}

const script& view_gpus_script() {
  static const auto x = make_script(
    "view_gpus", joined_lua(bounds_lua, entry_lua, view_gpus_lua));
  return x;
}

const script& close_gpu_script() {
  static const auto x = make_script(
    "close_gpu", joined_lua(mark_lua, named_elsewhere_lua, close_gpu_lua));
  return x;
}

} // namespace render::job_store
