
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

local entries, known = {}, {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock_ms, 'LIMIT', 0,
                       ARGV[4])
for _, id in ipairs(due) do
  local r = redis.call('HMGET', ARGV[3] .. id, 'type', 'state', 'expires',
                       'intent_at', 'workload', 'node', 'launched_at')
  if r[1] then
    redis.call('HSET', ARGV[3] .. id, 'owner', ARGV[1])
    redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], id)
    table.insert(entries, {id, r[1], r[2], r[3], r[4], r[5], r[6], r[7]})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
if #entries > 0 then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local workload = redis.call('HGET', ARGV[3] .. id, 'workload')
    if workload and workload ~= '' then table.insert(known, workload) end
  end
end
return {entries, known}
