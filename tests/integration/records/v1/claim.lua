
local worker, now, lock_s = ARGV[1], ARGV[2], ARGV[3]
local lease_ms = tonumber(ARGV[4])

if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

local final = {timed_out = true, cancelled = true, failed = true,
               success = true}
local function look(id)
  local key = 'job:' .. id
  local r = redis.pcall('HMGET', key, 'status', 'locked_by', 'type',
                        'complete_by')
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

local ids_max, unfit_max = tonumber(ARGV[5]), tonumber(ARGV[6])
local known, left, fits, page = {}, {}, {}, 100
for t in string.gmatch(ARGV[7], '[^,]+') do known[t] = true end
local total = 0
for i = 8, #ARGV, 2 do
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
while total > 0 and seen < ids_max do
  local ids = redis.call('LRANGE', KEYS[1], at, at + page - 1)
  if #ids == 0 then break end
  for _, id in ipairs(ids) do
    if total == 0 or seen == ids_max then break end
    seen = seen + 1
    local state, r = look(id)
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
    end
  end
end
return {redis.call('LLEN', KEYS[1]), claimed, unfit, dropped}
