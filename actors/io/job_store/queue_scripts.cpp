// The scripts that look into the queue, take jobs from it and put them back.
#include "actors/io/job_store/lua.hpp"

namespace render::job_store {

namespace {

// look(id, ...): what can be done with a waiting id.
//   'free': claimable; 'held': somebody works on it; 'over': it has a final
//   status or is ours already, the id is a leftover; 'missing': no record;
//   'alien': the key holds something else. Also the record's status and
//   locked_by, then the fields that were asked for.
// A script's writes stay when it fails half-way, so what may meet a key of
// another type is a pcall.
constexpr std::string_view look_lua = R"lua(
local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
local function look(id, ...)
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

// take(id): makes a job ours and gives its entry. The first write is one that
// Redis refuses when it is out of memory, so such a script changes nothing.
constexpr std::string_view take_lua = R"lua(
local function take(id)
  local key = 'job:' .. id
  local r = redis.call('HMGET', key, 'attempt', 'type', 'created_at',
                       'complete_by', 'max_time', 'data', 'fence', 'history',
                       'remote')
  local attempt = math.floor((tonumber(r[1]) or 0)) + 1
  local fence = math.floor((tonumber(r[7]) or 0)) + 1
  redis.call('HSET', key, 'locked_by', worker, 'locked_at', now,
             'status', 'running', 'started_at', now, 'attempt', attempt,
             'fence', fence)
  redis.call('HDEL', key, 'stage', 'progress', 'progress_at', 'finished_at',
             'settled_by')
  redis.call('SET', key .. ':lock', worker, 'EX', lock_s)
  redis.call('ZADD', KEYS[3], clock_ms + lease_ms, id)
  redis.call('SADD', KEYS[2], id)
  redis.call('LREM', KEYS[1], 1, id)
  return {id, attempt, r[2], r[3], r[4], r[5], r[6], fence, r[8], r[9]}
end
local function take_missing(id)
  redis.call('SADD', KEYS[2], id)
  redis.call('LREM', KEYS[1], 1, id)
  return {'missing', {id, 0}}
end
)lua";

constexpr std::string_view claim_head_lua = R"lua(
local worker, now, lock_s = ARGV[1], ARGV[2], ARGV[3]
local lease_ms = tonumber(ARGV[4])
)lua";

// Of the workers that a push wakes all but one find the queue empty again. One
// whose free slots fit nothing that waits asks ten times a second: the queue
// that it has left is known by its length and both its ends. Ids are only
// pushed to these, and what is removed in between makes it shorter.
constexpr std::string_view glance_lua = R"lua(
local function ends_of_queue(length)
  return length .. ' ' .. redis.call('LINDEX', KEYS[1], 0) .. ' '
         .. redis.call('LINDEX', KEYS[1], -1)
end
local length = redis.call('LLEN', KEYS[1])
if length == 0 then return {0, {}, {}, {}, '', ''} end
local due, ends = string.match(ARGV[11], '^(%S+) (.*)$')
if due and ends == ends_of_queue(length)
    and (due == '0' or (tonumber(due) or 0) > tonumber(now)) then
  return {length, {}, {}, {}, ARGV[10], ARGV[11]}
end
)lua";

constexpr std::string_view claim_lua = R"lua(
local ids_max, unfit_max = tonumber(ARGV[7]), tonumber(ARGV[8])
local known, left, fits, page = {}, {}, {}, 100
for t in string.gmatch(ARGV[9], '[^,]+') do known[t] = true end
local total = 0
for i = 12, #ARGV, 2 do
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
local after, passed, none_for_us = ARGV[10], '', true
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
      if state == 'alien' then table.insert(dropped, id) end
    elseif reason and #unfit < unfit_max then
      gone[id] = true
      table.insert(unfit, reason == 'missing' and take_missing(id)
                          or {reason, take(id)})
    elseif q then
      left[q] = left[q] - 1
      total = total - 1
      table.insert(claimed, take(id))
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
return {length, claimed, unfit, dropped, passed, left}
)lua";

constexpr std::string_view claim_one_lua = R"lua(
local id, claimed, unfit, dropped = ARGV[7], {}, {}, {}
local function queued()
  for at = 0, tonumber(ARGV[8]) - 1, 100 do
    local ids = redis.call('LRANGE', KEYS[1], at, at + 99)
    if #ids == 0 then return false end
    for _, x in ipairs(ids) do
      if x == id then return true end
    end
  end
  return false
end
local state = queued() and look(id)
if state == 'free' then
  claimed = {take(id)}
elseif state == 'missing' then
  unfit = {take_missing(id)}
elseif state == 'over' or state == 'alien' then
  redis.call('LREM', KEYS[1], 1, id)
  if state == 'alien' then dropped = {id} end
end
if #claimed + #unfit > 0 then advance(KEYS[4], ARGV[5], ARGV[6]) end
return {redis.call('LLEN', KEYS[1]), claimed, unfit, dropped, false, false}
)lua";

constexpr std::string_view peek_lua = R"lua(
local worker, limit = ARGV[1], tonumber(ARGV[2])
local ids_max, data_max = tonumber(ARGV[3]), tonumber(ARGV[4])
local known = {}
for i = 5, #ARGV do known[ARGV[i]] = i - 5 end
)lua";

// Each worker without a free slot looks every few seconds, mostly at jobs that
// it has seen before: two fields of those, and a number in the answer.
constexpr std::string_view peek_walk_lua = R"lua(
local function data_of(id)
  local key = 'job:' .. id
  local size = redis.call('HSTRLEN', key, 'data')
  if size == 0 then return false end
  return size <= data_max and redis.call('HGET', key, 'data') or size
end
local waiting, still, at, page = {}, {}, 0, 100
while #waiting + #still < limit and at < ids_max do
  local ids = redis.call('LRANGE', KEYS[1], at, at + page - 1)
  if #ids == 0 then break end
  at = at + #ids
  for _, id in ipairs(ids) do
    if #waiting + #still == limit then break end
    local position = known[id]
    local state, r
    if position then
      state = look(id)
    else
      state, r = look(id, 'type', 'created_at', 'complete_by', 'max_time')
    end
    if state == 'free' and position then
      table.insert(still, position)
    elseif state == 'free' then
      table.insert(waiting, {id, 0, r[3], r[4], r[5], r[6], data_of(id)})
    elseif state == 'missing' then
      table.insert(waiting, {id, 0, false, false, false, false, false})
    end
  end
end
return {redis.call('LLEN', KEYS[1]), waiting, still}
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
  local attempt = math.floor(tonumber(r[3]) or 1) - 1
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
  static const auto x
    = make_script("claim", joined_lua(claim_head_lua, glance_lua, clock_lua,
                                      mark_lua, look_lua, take_lua, claim_lua));
  return x;
}

const script& claim_one_script() {
  static const auto x
    = make_script("claim_one", joined_lua(claim_head_lua, clock_lua, mark_lua,
                                          look_lua, take_lua, claim_one_lua));
  return x;
}

const script& peek_script() {
  static const auto x
    = make_script("peek", joined_lua(peek_lua, look_lua, peek_walk_lua));
  return x;
}

const script& release_script() {
  static const auto x = make_script("release",
                                    joined_lua(put_back_lua, release_lua));
  return x;
}

const script& reconcile_script() {
  static const auto x = make_script("reconcile",
                                    joined_lua(put_back_lua, reconcile_lua));
  return x;
}

} // namespace render::job_store
