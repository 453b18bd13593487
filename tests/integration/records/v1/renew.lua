
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

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
