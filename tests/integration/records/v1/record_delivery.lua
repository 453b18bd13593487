
local id, state = ARGV[1], ARGV[2]
if state == 'delivered' then
  redis.call('ZREM', KEYS[1], id)
  redis.call('DEL', KEYS[3])
  return 0
end
if not redis.call('ZSCORE', KEYS[1], id) then return 0 end
redis.call('HSET', KEYS[3], 'attempts', ARGV[3], 'error', ARGV[4])
if state == 'retry_later' then
  redis.call('ZADD', KEYS[1], ARGV[6], id)
  return 0
end
redis.call('ZREM', KEYS[1], id)
redis.call('ZADD', KEYS[2], ARGV[5], id)
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[7])
if over <= 0 then return 0 end
local oldest = redis.call('ZRANGE', KEYS[2], 0, over - 1)
for _, x in ipairs(oldest) do
  redis.call('ZREM', KEYS[2], x)
  redis.call('DEL', ARGV[8] .. x)
end
return #oldest
