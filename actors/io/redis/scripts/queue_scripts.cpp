// The scripts that look into the queue, take jobs from it and put them back.
#include "actors/io/redis/scripts/lua.hpp"

namespace render::job_store {

namespace {

// take(id): makes a job ours, and gives its entry and what is wrong with it:
// 'fence', 'data' or false. The first write is one that Redis refuses when it
// is out of memory, so such a script changes nothing.
constexpr std::string_view take_lua = R"lua(
local function data_of(key)
  local data, over = bounded(key, 'data', data_max)
  if not over then return data end
  local url = notify_url_of(key, 16 * data_max)
  return url and '{"notify_url":"' .. url .. '"}' or '{}', over
end
local function take(id)
  local key = 'job:' .. id
  local r = redis.call('HMGET', key, 'attempt', 'type', 'created_at',
                       'complete_by', 'max_time', 'fence')
  local attempt = (whole(r[1]) or 0) + 1
  local former = whole(r[6])
  local fence = (former or 0) + 1
  local data, over = data_of(key)
  local history = history_of(key)
  local remote = bounded(key, 'remote', 65536)
  redis.call('HSET', key, 'locked_by', worker, 'locked_at', clock[1],
             'status', 'running', 'started_at', now, 'attempt', attempt,
             'fence', fence)
  redis.call('HDEL', key, 'stage', 'progress', 'progress_at', 'finished_at',
             'settled_by', 'cancelling', 'notice')
  redis.call('SET', key .. ':lock', worker, 'EX', lock_s)
  redis.call('ZADD', KEYS[3], clock_ms + lease_ms, id)
  redis.call('SADD', KEYS[2], id)
  redis.call('LREM', KEYS[1], 1, id)
  local entry = {id, attempt, clip(r[2], 80), clip(r[3], 64), clip(r[4], 64),
                 clip(r[5], 64), data, fence, history, remote}
  if not former then
    entry[11] = clip(r[6], 80)
    return entry, 'fence'
  end
  entry[11] = over or 0
  return entry, over and 'data' or false
end
local function take_missing(id)
  redis.call('SADD', KEYS[2], id)
  redis.call('LREM', KEYS[1], 1, id)
  return {'missing', {id, 0}}
end
local function fail_missing(id)
  local key = 'job:' .. id
  redis.call('HSET', key, 'id', id, 'type', 'unknown', 'status', 'failed',
             'error', missing_text .. id, 'finished_at', now)
  redis.call('EXPIRE', key, made_s)
  redis.call('LREM', KEYS[1], 1, id)
end
)lua";

constexpr std::string_view claim_head_lua = R"lua(
local worker, now, lock_s = ARGV[1], ARGV[2], ARGV[3]
local lease_ms = tonumber(ARGV[4])
local made_s, missing_text = ARGV[7], ARGV[8]
)lua";

// Of the workers that a push wakes all but one find the queue empty again. One
// whose free slots fit nothing that waits asks ten times a second: the queue
// that it has left is known by its length and both its ends. Ids are only
// pushed to these, and what is removed in between makes it shorter.
constexpr std::string_view glance_lua = R"lua(
local function ends_of_queue(length)
  return length .. ' ' .. clip(redis.call('LINDEX', KEYS[1], 0), 1024) .. ' '
         .. clip(redis.call('LINDEX', KEYS[1], -1), 1024)
end
local length = redis.call('LLEN', KEYS[1])
if length == 0 then return {0, {}, {}, {}, '', '', 0} end
local due, ends = string.match(ARGV[13], '^(%S+) (.*)$')
if due and ends == ends_of_queue(length)
    and (due == '0' or (tonumber(due) or 0) > tonumber(now)) then
  return {length, {}, {}, {}, ARGV[12], ARGV[13], 0}
end
)lua";

constexpr std::string_view claim_lua = R"lua(
local ids_max, unfit_max = tonumber(ARGV[9]), tonumber(ARGV[10])
local known, left, fits, page = {}, {}, {}, 100
for t in string.gmatch(ARGV[11], '[^,]+') do known[t] = true end
local total = 0
for i = 14, #ARGV, 2 do
  local q = #left + 1
  left[q] = tonumber(ARGV[i])
  total = total + left[q]
  for t in string.gmatch(ARGV[i + 1], '[^,]+') do
    fits[t] = fits[t] or {}
    table.insert(fits[t], q)
  end
end
local function quota(kind)
  for _, q in ipairs(fits[kind] or {}) do
    if left[q] > 0 then return q end
  end
end
local claimed, unfit, dropped, gone, at, seen = {}, {}, {}, {}, 0, 0
local after, passed, none_for_us = ARGV[12], '', true
local removed, removed_max = 0, 1000
local first_due, may_change = 0, false
local function skip_what_was_walked()
  local found = redis.pcall('LPOS', KEYS[1], after, 'RANK', -1)
  if type(found) ~= 'number' or found < at then return end
  at = found + 1
  may_change = true
  if none_for_us then passed = after end
end
while total > 0 and seen < ids_max do
  local ids = redis.call('LRANGE', KEYS[1], at, at + page - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    if total == 0 or seen == ids_max then break end
    seen = seen + 1
    local state, r = look(id, 'type', 'complete_by')
    if state == 'missing' and gone[id] then state = 'over' end
    local expires = tonumber(r[4] or '')
    local late = expires and expires > 0 and expires <= tonumber(now)
    local reason = state == 'missing' and 'missing'
                   or state == 'free' and (not known[r[3] or ''] and 'type'
                                           or late and 'expired')
    local q = state == 'free' and not reason and quota(r[3])
    if state == 'over' or state == 'alien' then
      redis.call('LREM', KEYS[1], 1, id)
      if state == 'alien' then table.insert(dropped, clip(id, 80)) end
    elseif reason and #unfit < unfit_max then
      gone[id] = true
      table.insert(unfit, reason == 'missing' and take_missing(id)
                          or {reason, (take(id))})
    elseif reason == 'missing' and removed < removed_max then
      removed = removed + 1
      fail_missing(id)
    elseif q then
      left[q] = left[q] - 1
      total = total - 1
      local entry, flaw = take(id)
      if flaw then
        table.insert(unfit, {flaw, entry})
      else
        table.insert(claimed, entry)
      end
    else
      at = at + 1
      if reason or state == 'free' and fits[r[3]] then none_for_us = false end
      if none_for_us then passed = id end
      if state == 'held' then may_change = true end
      if expires and expires > 0 and (first_due == 0 or expires < first_due)
      then
        first_due = expires
      end
    end
  end
  if after ~= '' then
    skip_what_was_walked()
    after = ''
  end
end
if #claimed + #unfit > 0 then advance(KEYS[4], ARGV[5], ARGV[6]) end
local left = ''
length = redis.call('LLEN', KEYS[1])
if length > 0 and none_for_us and not may_change and total > 0
    and seen < ids_max then
  left = tostring(first_due) .. ' ' .. ends_of_queue(length)
end
return {length, claimed, unfit, dropped, passed, left, removed}
)lua";

constexpr std::string_view claim_one_lua = R"lua(
local id, claimed, unfit, dropped, removed = ARGV[9], {}, {}, {}, 0
local function queued()
  for at = 0, tonumber(ARGV[10]) - 1, 100 do
    local ids = redis.call('LRANGE', KEYS[1], at, at + 99)
    if #ids == 0 then return false end
    for _, x in ipairs(ids) do
      if x == id then return true end
    end
  end
  return false
end
-- Where there is one, there may be thousands, and no slot to claim with.
local function fail_others()
  for _, x in ipairs(redis.call('LRANGE', KEYS[1], 0, 999)) do
    if x ~= id and look(x) == 'missing' then
      removed = removed + 1
      fail_missing(x)
    end
  end
end
local state = queued() and look(id)
if state == 'free' then
  local entry, flaw = take(id)
  if flaw then unfit = {{flaw, entry}} else claimed = {entry} end
elseif state == 'missing' then
  unfit = {take_missing(id)}
  fail_others()
elseif state == 'over' or state == 'alien' then
  redis.call('LREM', KEYS[1], 1, id)
  if state == 'alien' then dropped = {clip(id, 80)} end
end
if #claimed + #unfit > 0 then advance(KEYS[4], ARGV[5], ARGV[6]) end
return {redis.call('LLEN', KEYS[1]), claimed, unfit, dropped, false, false,
        removed}
)lua";

// Shared by release and reconcile.
constexpr std::string_view put_back_lua = R"lua(
local function put_back(id, worker, queue, running, leases, fence)
  local key = 'job:' .. id
  redis.call('SREM', running, id)
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'attempt', 'fence')
  if r.err then return 0 end
  if r[1] ~= 'running' or r[2] ~= worker then return 0 end
  if fence and r[4] ~= fence then return 0 end
  redis.call('ZREM', leases, id)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'locked_by', 'locked_at', 'started_at', 'stage',
             'progress', 'progress_at')
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
  return 1
end
)lua";

constexpr std::string_view release_lua = R"lua(
return put_back(ARGV[2], ARGV[1], KEYS[1], KEYS[4], KEYS[5], ARGV[3])
)lua";

// A job without a record has nothing that says whose it is but our set.
constexpr std::string_view reconcile_lua = R"lua(
local known, back = {}, {}
for i = 2, #ARGV do known[ARGV[i]] = true end
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if not known[id] then
    if redis.call('EXISTS', 'job:' .. id) == 0 then
      redis.call('SREM', KEYS[2], id)
      redis.call('LPUSH', KEYS[1], id)
      table.insert(back, id)
    elseif put_back(id, ARGV[1], KEYS[1], KEYS[2], KEYS[3]) == 1 then
      table.insert(back, id)
    end
  end
end
return back
)lua";

} // namespace

const script& claim_script() {
  static const auto x = make_script(
    "claim",
    joined_lua(claim_head_lua, job_limits_lua(), bounds_lua, notify_url_lua,
               glance_lua, clock_lua, mark_lua, look_lua, take_lua, claim_lua));
  return x;
}

const script& claim_one_script() {
  static const auto x = make_script(
    "claim_one",
    joined_lua(claim_head_lua, job_limits_lua(), bounds_lua, notify_url_lua,
               clock_lua, mark_lua, look_lua, take_lua, claim_one_lua));
  return x;
}

const script& release_script() {
  static const auto x
    = make_script("release", joined_lua(bounds_lua, put_back_lua, release_lua));
  return x;
}

const script& reconcile_script() {
  static const auto x = make_script(
    "reconcile", joined_lua(bounds_lua, put_back_lua, reconcile_lua));
  return x;
}

} // namespace render::job_store
