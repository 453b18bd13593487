
if redis.replicate_commands then redis.replicate_commands() end
local clock = redis.call('TIME')
local clock_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

local owner = redis.call('HGET', KEYS[2], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'owner', ARGV[1], unpack(ARGV, 4))
redis.call('ZADD', KEYS[1], clock_ms + ARGV[2], ARGV[3])
return 1
