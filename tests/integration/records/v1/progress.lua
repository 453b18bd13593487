
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

local r = redis.call('HMGET', KEYS[1], 'status', 'locked_by', 'fence')
local status = r[1] or ''
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
